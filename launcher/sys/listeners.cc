// sock_diag(7), the dump form, restricted to TCP sockets in LISTEN: the kernel walks its table of
// listeners only, however many connections there are.

#include "launcher/sys/netlink.h"
#include "launcher/sys/network.h"

#include <arpa/inet.h>
#include <cerrno>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

namespace osh::sys
{
namespace
{

constexpr std::uint32_t kListen = 10;          // TCP_LISTEN of linux/tcp_states.h
constexpr std::size_t kDumpBuffer = 32 * 1024; // the kernel fills at most this much at a time
constexpr std::size_t kMaxDumpMessages = 64;   // of one answer: bounded, whatever is inside

IpAddress address_of(inet_diag_msg const& found)
{
    if (found.idiag_family == AF_INET)
        return IpAddress::from_v4(ntohl(found.id.idiag_src[0]));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), found.id.idiag_src, bytes.size());
    return IpAddress::from_v6(bytes);
}

// One datagram of the answer; true when it was the last.
Result<bool> take_batch(Bytes batch, std::vector<Listener>& into)
{
    while (batch.size() >= NLMSG_HDRLEN) {
        nlmsghdr header{};
        std::memcpy(&header, batch.data(), sizeof header);
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > batch.size())
            return fail(Errc::Malformed, "sock_diag: a length that cannot be");
        if (header.nlmsg_type == NLMSG_DONE)
            return true;
        if (header.nlmsg_type == NLMSG_ERROR)
            return fail(Errc::System, "sock_diag: the kernel lists no sockets");
        inet_diag_msg found{};
        if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof found) {
            std::memcpy(&found, batch.data() + NLMSG_HDRLEN, sizeof found);
            if (found.idiag_state == kListen && into.size() < kMaxListeners)
                into.push_back({address_of(found), ntohs(found.id.idiag_sport), found.idiag_inode});
        }
        batch = batch.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), batch.size()));
    }
    return false;
}

Result<> dump(Fd const& diag, std::uint8_t family, std::vector<Listener>& into)
{
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = 1U << kListen;
    NetlinkMessage message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    message.append(request);
    Bytes const bytes = message.finish();
    if (::send(diag.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "sock_diag send");
    std::vector<std::byte> answer(kDumpBuffer);
    for (std::size_t i = 0; i < kMaxDumpMessages; ++i) {
        ssize_t const count = ::recv(diag.raw(), answer.data(), answer.size(), 0);
        if (count <= 0)
            return fail_errno(count < 0 ? errno : EPROTO, "sock_diag answer");
        LET(is_done, take_batch(Bytes(answer).first(static_cast<std::size_t>(count)), into));
        if (is_done)
            return {};
    }
    return fail(Errc::TooLarge, "sock_diag: an answer without end");
}

} // namespace

Result<std::vector<Listener>> tcp_listeners(Fd const& diag)
{
    std::vector<Listener> found;
    TRY(dump(diag, AF_INET, found));
    static_cast<void>(dump(diag, AF_INET6, found).ok()); // a kernel without IPv6 has none
    return found;
}

} // namespace osh::sys
