#include "tests/netproxy/stack/kernel_tun.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osh::netproxy::stack::test
{
namespace
{

constexpr int kMtu = 65520;

int skip(char const* what)
{
    std::fprintf(stderr, "skip: %s: %s\n", what, std::strerror(errno));
    return -1;
}

struct AddressRequest6 { // linux/ipv6.h: in6_ifreq
    in6_addr address;
    std::uint32_t prefix_length;
    int interface_index;
};

// The kernel makes a new IPv6 address usable in a work item of its own: wait for it, not for long.
int await_v6()
{
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    inet_pton(AF_INET6, "fd00::15", &own.sin6_addr);
    for (int i = 0; i < 1000; ++i) {
        int const probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int const bound = bind(probe, static_cast<sockaddr*>(static_cast<void*>(&own)), sizeof own);
        close(probe);
        if (bound == 0)
            return 0;
        poll(nullptr, 0, 1);
    }
    return skip("the IPv6 address does not become usable");
}

int add_v6(int index)
{
    int const control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    AddressRequest6 address{{}, 128, index};
    inet_pton(AF_INET6, "fd00::15", &address.address);
    in6_rtmsg route{};
    route.rtmsg_flags = RTF_UP;
    route.rtmsg_metric = 1;
    route.rtmsg_ifindex = index;
    if (ioctl(control, SIOCSIFADDR, &address) != 0 || ioctl(control, SIOCADDRT, &route) != 0)
        return skip("IPv6 address and route");
    close(control);
    return await_v6();
}

int configure(ifreq& request)
{
    int const control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, "10.0.2.15", &address.sin_addr);
    std::memcpy(&request.ifr_addr, &address, sizeof address);
    if (ioctl(control, SIOCSIFADDR, &request) != 0)
        return skip("SIOCSIFADDR");
    request.ifr_mtu = kMtu;
    if (ioctl(control, SIOCSIFMTU, &request) != 0)
        return skip("SIOCSIFMTU");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
        return skip("SIOCSIFFLAGS");
    rtentry route{};
    address.sin_addr.s_addr = 0;
    std::memcpy(&route.rt_dst, &address, sizeof address);
    std::memcpy(&route.rt_genmask, &address, sizeof address);
    route.rt_flags = RTF_UP;
    route.rt_dev = request.ifr_name;
    if (ioctl(control, SIOCADDRT, &route) != 0)
        return skip("SIOCADDRT");
    if (ioctl(control, SIOCGIFINDEX, &request) != 0)
        return skip("SIOCGIFINDEX");
    close(control);
    return add_v6(request.ifr_ifindex);
}

} // namespace

int open_kernel_tun()
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return skip("unshare(CLONE_NEWUSER | CLONE_NEWNET)");
    int const tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tun < 0)
        return skip("/dev/net/tun");
    ifreq request{};
    std::strcpy(request.ifr_name, "osh0");
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (ioctl(tun, TUNSETIFF, &request) != 0)
        return skip("TUNSETIFF");
    if (ioctl(tun, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0)
        return skip("TUNSETOFFLOAD");
    return configure(request) == 0 ? tun : -1;
}

} // namespace osh::netproxy::stack::test
