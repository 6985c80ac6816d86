#include "launcher/sys/unix_diag.h"

#include "launcher/sys/netlink.h"

#include <algorithm>
#include <cerrno>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <vector>

namespace osh::sys
{
namespace
{

constexpr std::size_t kDumpBuffer = 32 * 1024; // the kernel fills at most this much at a time
constexpr std::size_t kMaxDumpMessages = 1024; // half a million sockets

using Take = std::function<void(UnixSocket const&)>;

void take_socket(Bytes message, Take const& take)
{
    UnixSocket found{};
    if (message.size() < sizeof found.socket)
        return;
    std::memcpy(&found.socket, message.data(), sizeof found.socket);
    found.attributes =
        message.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof found.socket), message.size()));
    take(found);
}

// One datagram of the answer; true when it was the last.
Result<bool> take_batch(Bytes batch, Take const& take)
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
        take_socket(batch.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN), take);
        batch = batch.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), batch.size()));
    }
    return false;
}

} // namespace

Bytes UnixSocket::find(std::uint16_t type) const
{
    for (Bytes rest = attributes; rest.size() >= NLA_HDRLEN;) {
        nlattr header{};
        std::memcpy(&header, rest.data(), sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > rest.size())
            break;
        if (header.nla_type == type)
            return rest.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN);
        rest = rest.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest.size()));
    }
    return {};
}

Result<> list_unix_sockets(std::uint32_t show, Take const& take)
{
    LET(diagnosis, open_netlink(NETLINK_SOCK_DIAG));
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = show;
    NetlinkMessage message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    message.append(request);
    Bytes const bytes = message.finish();
    if (::send(diagnosis.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "unix_diag send");
    std::vector<std::byte> answer(kDumpBuffer);
    for (std::size_t i = 0; i < kMaxDumpMessages; ++i) {
        ssize_t const count = ::recv(diagnosis.raw(), answer.data(), answer.size(), 0);
        if (count <= 0)
            return fail_errno(count < 0 ? errno : EPROTO, "unix_diag answer");
        LET(is_done, take_batch(Bytes(answer).first(static_cast<std::size_t>(count)), take));
        if (is_done)
            return {};
    }
    return fail(Errc::TooLarge, "unix_diag: an answer without end");
}

} // namespace osh::sys
