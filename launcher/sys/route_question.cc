#include "launcher/sys/route_question.h"

#include "launcher/sys/netlink.h"

#include <cerrno>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace osh::sys
{

Result<Fd> open_route_questions()
{
    return open_netlink(NETLINK_ROUTE);
}

Route route_to(Fd const& questions, IpAddress const& address)
{
    constexpr std::size_t kV4 = 4, kV6 = 16;
    auto const all = std::as_bytes(std::span(address.bytes()));
    rtmsg request{};
    request.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
    request.rtm_dst_len = address.is_v4() ? 32 : 128;
    NetlinkMessage message(RTM_GETROUTE, 0);
    message.append(request);
    message.attribute(RTA_DST, all.last(address.is_v4() ? kV4 : kV6));
    Bytes const bytes = message.finish();
    if (::send(questions.raw(), bytes.data(), bytes.size(), 0) < 0)
        return Route::Other;
    alignas(nlmsghdr) std::array<std::byte, 4096> answer{};
    // The kernel answers within send(2): nothing to wait for.
    ssize_t const count = ::recv(questions.raw(), answer.data(), answer.size(), MSG_DONTWAIT);
    nlmsghdr header{};
    if (count < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(rtmsg)))
        return Route::Other;
    std::memcpy(&header, answer.data(), sizeof header);
    if (header.nlmsg_type == NLMSG_ERROR)
        return Route::None;
    if (header.nlmsg_type != RTM_NEWROUTE)
        return Route::Other;
    rtmsg found{};
    std::memcpy(&found, answer.data() + NLMSG_HDRLEN, sizeof found);
    if (found.rtm_type == RTN_UNICAST)
        return Route::Unicast;
    return found.rtm_type == RTN_LOCAL ? Route::Local : Route::Other;
}

} // namespace osh::sys
