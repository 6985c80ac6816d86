// sock_diag(7), the exact form: one question, one socket, no dump of all of them.

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

constexpr std::uint8_t kUdp = 17;

void put_address(__be32* into, IpAddress const& address)
{
    auto const all = std::as_bytes(std::span(address.bytes()));
    auto const bytes = address.is_v4() ? all.last(4) : all;
    std::memcpy(into, bytes.data(), bytes.size());
}

inet_diag_req_v2 request_of(SocketQuestion const& question)
{
    inet_diag_req_v2 request{};
    request.sdiag_family = question.source.is_v4() ? AF_INET : AF_INET6;
    request.sdiag_protocol = question.ip_protocol;
    request.idiag_states = ~0U;
    request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    // The kernel's UDP look-up takes the two ends the other way round "for historical reasons"
    // (net/ipv4/udp_diag.c).
    bool const swapped = question.ip_protocol == kUdp;
    auto const& local = swapped ? question.destination : question.source;
    auto const& remote = swapped ? question.source : question.destination;
    put_address(request.id.idiag_src, local);
    put_address(request.id.idiag_dst, remote);
    request.id.idiag_sport = htons(swapped ? question.destination_port : question.source_port);
    request.id.idiag_dport = htons(swapped ? question.source_port : question.destination_port);
    return request;
}

} // namespace

Result<Fd> open_sock_diag()
{
    return open_netlink(NETLINK_SOCK_DIAG);
}

Result<std::optional<std::uint64_t>> inode_of_socket(Fd const& diag, SocketQuestion const& question)
{
    NetlinkMessage message(SOCK_DIAG_BY_FAMILY, 0);
    message.append(request_of(question));
    Bytes const bytes = message.finish();
    if (::send(diag.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "sock_diag send");
    alignas(nlmsghdr) std::array<std::byte, 4096> answer{};
    ssize_t const count = ::recv(diag.raw(), answer.data(), answer.size(), 0);
    if (count < static_cast<ssize_t>(NLMSG_HDRLEN))
        return fail_errno(count < 0 ? errno : EPROTO, "sock_diag answer");
    nlmsghdr header{};
    std::memcpy(&header, answer.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_ERROR)
        return std::optional<std::uint64_t>();
    inet_diag_msg found{};
    if (count < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof found))
        return fail(Errc::Malformed, "sock_diag: a short answer");
    std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
    if (found.idiag_inode == 0)
        return std::optional<std::uint64_t>(); // TIME_WAIT and request sockets have no owner
    return std::optional<std::uint64_t>(found.idiag_inode);
}

} // namespace osh::sys
