#include "launcher/sys/local_queues.h"

#include "launcher/sys/netlink.h"

#include <cerrno>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kDumpBuffer = 32 * 1024; // the kernel fills at most this much at a time
constexpr std::size_t kMaxDumpMessages = 1024; // half a million sockets
constexpr std::uint8_t kListening = 10;        // TCP_LISTEN, which Unix sockets use too

// The length of the queue; of a listener, how many wait for accept(2).
std::uint32_t queue_of(Bytes attributes)
{
    while (attributes.size() >= NLA_HDRLEN) {
        nlattr header{};
        std::memcpy(&header, attributes.data(), sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > attributes.size())
            break;
        unix_diag_rqlen queue{};
        if (header.nla_type == UNIX_DIAG_RQLEN && header.nla_len >= NLA_HDRLEN + sizeof queue) {
            std::memcpy(&queue, attributes.data() + NLA_HDRLEN, sizeof queue);
            return queue.udiag_rqueue;
        }
        attributes =
            attributes.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), attributes.size()));
    }
    return 1; // not told: it may hold anything
}

void take_socket(Bytes message, LocalQueues& into)
{
    unix_diag_msg socket{};
    if (message.size() < sizeof socket)
        return;
    std::memcpy(&socket, message.data(), sizeof socket);
    auto const fixed = std::min<std::size_t>(NLMSG_ALIGN(sizeof socket), message.size());
    auto const queue = queue_of(message.subspan(fixed));
    if (socket.udiag_state == kListening)
        into.has_backlog |= queue > 0;
    else if (queue > 0 || socket.udiag_type != SOCK_STREAM)
        into.filled.push_back(socket.udiag_ino);
}

// One datagram of the answer; true when it was the last.
Result<bool> take_batch(Bytes batch, LocalQueues& into)
{
    while (batch.size() >= NLMSG_HDRLEN) {
        nlmsghdr header{};
        std::memcpy(&header, batch.data(), sizeof header);
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > batch.size())
            return fail(Errc::Malformed, "unix_diag: a length that cannot be");
        if (header.nlmsg_type == NLMSG_DONE)
            return true;
        if (header.nlmsg_type == NLMSG_ERROR)
            return fail(Errc::Unsupported, "unix_diag: the kernel lists no sockets");
        take_socket(batch.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN), into);
        batch = batch.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), batch.size()));
    }
    return false;
}

} // namespace

Result<LocalQueues> local_queues()
{
    LET(diag, open_netlink(NETLINK_SOCK_DIAG));
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = UDIAG_SHOW_RQLEN;
    NetlinkMessage message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    message.append(request);
    Bytes const bytes = message.finish();
    if (::send(diag.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "unix_diag send");
    LocalQueues found;
    std::vector<std::byte> answer(kDumpBuffer);
    for (std::size_t i = 0; i < kMaxDumpMessages; ++i) {
        ssize_t const count = ::recv(diag.raw(), answer.data(), answer.size(), 0);
        if (count <= 0)
            return fail_errno(count < 0 ? errno : EPROTO, "unix_diag answer");
        LET(is_done, take_batch(Bytes(answer).first(static_cast<std::size_t>(count)), found));
        if (is_done)
            return found;
    }
    return fail(Errc::TooLarge, "unix_diag: an answer without end");
}

} // namespace osh::sys
