// rtnetlink(7) for lo and the tun device; TUNSETIFF and TUNSETOFFLOAD of linux/if_tun.h.

#include "launcher/sys/network.h"

#include "launcher/sys/io.h"
#include "launcher/sys/netlink.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace osh::sys
{
namespace
{

#ifndef TUN_F_USO4
constexpr unsigned TUN_F_USO4 = 0x20; // Linux 6.2
constexpr unsigned TUN_F_USO6 = 0x40;
#endif

std::uint8_t family_of(IpAddress const& address)
{
    return address.is_v4() ? AF_INET : AF_INET6;
}

Bytes raw_bytes(IpAddress const& address)
{
    auto const all = std::as_bytes(std::span(address.bytes()));
    return address.is_v4() ? all.last(4) : all;
}

Result<> set_link_up(Fd const& netlink, unsigned index, std::uint32_t mtu)
{
    NetlinkMessage message(RTM_NEWLINK, NLM_F_ACK);
    ifinfomsg link{};
    link.ifi_family = AF_UNSPEC;
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = IFF_UP;
    link.ifi_change = IFF_UP;
    message.append(link);
    if (mtu != 0)
        message.attribute(IFLA_MTU, mtu);
    return request_acknowledged(netlink, message);
}

// No link-local address: otherwise the kernel sends router solicitations that nobody answers.
Result<> forbid_link_local(Fd const& netlink, unsigned index)
{
    NetlinkMessage message(RTM_NEWLINK, NLM_F_ACK);
    ifinfomsg link{};
    link.ifi_family = AF_UNSPEC;
    link.ifi_index = static_cast<int>(index);
    message.append(link);
    std::size_t const spec = message.begin_nested(IFLA_AF_SPEC | NLA_F_NESTED);
    std::size_t const inet6 = message.begin_nested(AF_INET6 | NLA_F_NESTED);
    std::uint8_t const mode = IN6_ADDR_GEN_MODE_NONE;
    message.attribute(IFLA_INET6_ADDR_GEN_MODE, std::as_bytes(std::span(&mode, 1)));
    message.end_nested(inet6);
    message.end_nested(spec);
    return request_acknowledged(netlink, message);
}

Result<> add_address(Fd const& netlink, unsigned index, TunAddress const& address)
{
    NetlinkMessage message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    ifaddrmsg header{};
    header.ifa_family = family_of(address.local);
    header.ifa_prefixlen = address.prefix;
    header.ifa_flags = IFA_F_NODAD; // nobody else can be there: do not wait a second for silence
    header.ifa_index = index;
    message.append(header);
    message.attribute(IFA_LOCAL, raw_bytes(address.local));
    message.attribute(IFA_ADDRESS, raw_bytes(address.local));
    return request_acknowledged(netlink, message);
}

// The MTU is locked: IPv4 then forbids fragments where a program asked for that and nowhere else,
// and word of a narrow path reaches the program (EMSGSIZE) but does not have the kernel cut what
// others send, as fragments are refused at the other end. IPv6 takes no notice of the lock.
void lock_mtu(NetlinkMessage& message, std::uint32_t mtu)
{
    std::size_t const metrics = message.begin_nested(RTA_METRICS | NLA_F_NESTED);
    message.attribute(RTAX_LOCK, std::uint32_t{1} << RTAX_MTU);
    message.attribute(RTAX_MTU, mtu);
    message.end_nested(metrics);
}

Result<> add_default_route(
    Fd const& netlink, unsigned index, TunAddress const& address, std::uint32_t mtu)
{
    NetlinkMessage message(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL);
    rtmsg route{};
    route.rtm_family = family_of(address.local);
    route.rtm_table = RT_TABLE_MAIN;
    route.rtm_protocol = RTPROT_BOOT;
    route.rtm_scope = RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_UNICAST;
    message.append(route);
    message.attribute(RTA_GATEWAY, raw_bytes(address.gateway));
    message.attribute(RTA_OIF, static_cast<std::uint32_t>(index));
    lock_mtu(message, mtu);
    return request_acknowledged(netlink, message);
}

} // namespace

Result<Fd> open_tun(TunPlan const& plan)
{
    LET(tun, open_path("/dev/net/tun", O_RDWR | O_NONBLOCK));
    ifreq request{};
    plan.name.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (::ioctl(tun.raw(), TUNSETIFF, &request) != 0)
        return fail_errno(errno, "cannot make the tun device");
    // Not to outlive its namespace, which takes it along, but so that the last close does not wait
    // for the kernel to take the device out of service (some 10 ms).
    if (::ioctl(tun.raw(), TUNSETPERSIST, 1) != 0)
        return fail_errno(errno, "cannot keep the tun device for the session");
    int const header = static_cast<int>(plan.header_size);
    if (::ioctl(tun.raw(), TUNSETVNETHDRSZ, &header) != 0)
        return fail_errno(errno, "cannot set the tun header size");
    unsigned const basic = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    unsigned long const with_udp = basic | TUN_F_USO4 | TUN_F_USO6;
    if (::ioctl(tun.raw(), TUNSETOFFLOAD, with_udp) != 0
        && ::ioctl(tun.raw(), TUNSETOFFLOAD, static_cast<unsigned long>(basic)) != 0)
        return fail_errno(errno, "cannot set the tun offloads");
    return tun;
}

Result<> bring_up_loopback()
{
    LET(netlink, open_netlink(NETLINK_ROUTE));
    return set_link_up(netlink, 1, 0); // lo is index 1 in every network namespace
}

void shorten_connect_attempts()
{
    Fd const setting = Fd::adopt_raw_fd(
        ::open("/proc/sys/net/ipv4/tcp_syn_retries", O_WRONLY | O_CLOEXEC)); // IPv6 too
    if (setting.is_open())
        (void)write_all(setting, "4"); // a convenience: without it the error only comes later
}

Result<> configure_tun(TunPlan const& plan)
{
    LET(netlink, open_netlink(NETLINK_ROUTE));
    unsigned const index = ::if_nametoindex(plan.name.c_str());
    if (index == 0)
        return fail_errno(errno, "the tun device is not there");
    bool const has_v6 = forbid_link_local(netlink, index).ok();
    TRY(set_link_up(netlink, index, plan.mtu));
    for (auto const& address : plan.addresses) {
        if (!address.local.is_v4() && !has_v6)
            continue;
        TRY(add_address(netlink, index, address));
        TRY(add_default_route(netlink, index, address, plan.mtu));
    }
    return {};
}

} // namespace osh::sys
