#pragma once
// The network of a new network namespace: lo up, one tun device with addresses and default routes,
// and the exact question "whose socket is this". rtnetlink(7), sock_diag(7), the kernel's
// Documentation/networking/tuntap. Needs CAP_NET_ADMIN in the namespace; starts no helper program.

#include "launcher/sys/fd.h"
#include "policy/base/ip_address.h"
#include "policy/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace osh::sys
{

struct TunAddress {
    IpAddress local, gateway;
    std::uint8_t prefix = 0; // counted in the address's own family
};

struct TunPlan {
    std::string name;
    std::uint32_t mtu = 1500;
    std::uint32_t header_size = 10; // of struct virtio_net_hdr before each packet
    std::vector<TunAddress> addresses;
};

// Opens /dev/net/tun: one queue, no packet information, virtio-net headers, checksum and
// segmentation offloads, non-blocking. The interface goes away with its network namespace.
Result<Fd> open_tun(TunPlan const& plan);
Result<> bring_up_loopback();
// connect(2) to a silent host fails with ETIMEDOUT after half a minute (4 more SYNs), not two: a
// little longer than netproxy tries. tcp(7), tcp_syn_retries. Where /proc/sys cannot be written (a
// container) the kernel's own two minutes hold.
void shorten_connect_attempts();
// Addresses, up, default routes. IPv6 entries are skipped where the kernel has no IPv6.
Result<> configure_tun(TunPlan const& plan);

struct SocketQuestion {
    std::uint8_t ip_protocol = 6;
    IpAddress source, destination; // of the packet the agent sent
    std::uint16_t source_port = 0, destination_port = 0;
};

// Asks this network namespace; the descriptor may be kept for the next question.
Result<Fd> open_sock_diag();
Result<std::optional<std::uint64_t>> inode_of_socket(
    Fd const& diag, SocketQuestion const& question);

struct Listener {
    IpAddress address; // unspecified: any
    std::uint16_t port = 0;
    std::uint64_t inode = 0;
};

inline constexpr std::size_t kMaxListeners = 256; // of one answer; more are not looked at

// The TCP sockets of this network namespace that listen, both families.
Result<std::vector<Listener>> tcp_listeners(Fd const& diag);

} // namespace osh::sys
