#include "launcher/sys/channel.h"

#include "launcher/sys/event_loop.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

namespace osh::sys
{

Result<ChannelPair> make_channel()
{
    std::array<int, 2> raw{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, raw.data()) != 0)
        return fail_errno(errno, "socketpair");
    return ChannelPair{Fd::adopt_raw_fd(raw[0]), Fd::adopt_raw_fd(raw[1])};
}

Result<> send_message(
    Fd const& channel, Bytes message, std::vector<Fd const*> const& descriptors, WhenFull when_full)
{
    OSH_CHECK(descriptors.size() <= kMaxDescriptors);
    iovec part{
        const_cast<std::byte*>(message.data()), message.size()}; // sendmsg(2) does not write to it
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    if (!descriptors.empty()) {
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
        cmsghdr* rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            int const raw = descriptors[i]->raw();
            std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &raw, sizeof raw);
        }
    }
    int const flags = MSG_NOSIGNAL | (when_full == WhenFull::Fail ? MSG_DONTWAIT : 0);
    ssize_t sent = 0;
    do
        sent = ::sendmsg(channel.raw(), &header, flags);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return fail_errno(errno, "cannot send a message to another osh process");
    return {};
}

Result<Received> receive_message(Fd const& channel, std::size_t limit, Wait wait)
{
    // Not a vector of that size: filling it with zeros costs more than the call.
    auto const space = std::make_unique_for_overwrite<std::byte[]>(limit);
    iovec part{space.get(), limit};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    int const flags = MSG_CMSG_CLOEXEC | (wait == Wait::No ? MSG_DONTWAIT : 0);
    // ECONNRESET is told once: the peer ended and left words of ours unread. Its own come after it.
    ssize_t count = 0;
    do
        count = ::recvmsg(channel.raw(), &header, flags);
    while (count < 0 && (errno == EINTR || errno == ECONNRESET));
    if (count < 0)
        return fail_errno(errno, "cannot receive a message from another osh process");
    Received received;
    received.bytes.assign(space.get(), space.get() + count);
    ::explicit_bzero(space.get(), static_cast<std::size_t>(count)); // it may hold a secret
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        std::size_t const descriptors = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < descriptors; ++i) {
            int raw = -1;
            std::memcpy(&raw, CMSG_DATA(c) + i * sizeof(int), sizeof raw);
            received.descriptors.push_back(Fd::adopt_raw_fd(raw));
        }
    }
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return fail(Errc::TooLarge, "a message from another osh process is longer than its limit");
    return received;
}

Result<Received> receive_message_before(Fd const& channel, std::size_t limit, Instant deadline)
{
    for (;;) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
        pollfd watched{channel.raw(), POLLIN, 0};
        int const count = left <= 0 ? 0 : ::poll(&watched, 1, static_cast<int>(left));
        if (count > 0)
            return receive_message(channel, limit);
        if (count == 0)
            return fail(Errc::Busy, "no answer in time");
        if (errno != EINTR)
            return fail_errno(errno, "poll");
    }
}

bool is_peer_gone(Error const& error)
{
    return error.sys_errno == EPIPE || error.sys_errno == ECONNRESET;
}

} // namespace osh::sys
