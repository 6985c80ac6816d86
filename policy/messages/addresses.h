#pragma once
// The addresses inside the sandbox: what init gives to the tun device and what netproxy answers on.
// One place, because both must agree and the planner writes them into resolv.conf.
//
// IPv4: 192.0.0.0/29 is "IPv4 service continuity" (RFC 7335), never used on the Internet and not
// RFC 1918, so it cannot collide with the person's own network. IPv6: a ULA whose global identifier
// spells "osh" (RFC 4193). Synthetic names: the upper half of
// the benchmarking block (RFC 2544), as others do; the lower half stays free for test benches.

#include <cstdint>
#include <string_view>

namespace osh::policy
{

inline constexpr std::string_view kTunName = "osh0";
inline constexpr std::uint32_t kTunMtu = 65520;
inline constexpr std::uint32_t kTunHeaderSize = 10; // struct virtio_net_hdr without num_buffers

inline constexpr std::string_view kAgentV4 = "192.0.0.2";
inline constexpr std::string_view kGatewayV4 = "192.0.0.1"; // resolver, and explicit proxy
inline constexpr std::uint8_t kPrefixV4 = 29;
inline constexpr std::string_view kAgentV6 = "fd6f:7368::2";
inline constexpr std::string_view kGatewayV6 = "fd6f:7368::1";
inline constexpr std::uint8_t kPrefixV6 = 126;

// Each name that a rule may allow gets one address of each block for the session.
inline constexpr std::string_view kSyntheticV4 = "198.19.0.0/16";
inline constexpr std::string_view kSyntheticV6 = "fd6f:7368:1::/64";
// Where these are all taken by names of the last minutes, further ones get an address that is used
// once. IPv4 has room for that in class E only (RFC 1112 section 4): Linux takes it for unicast,
// nobody else uses it, and it is never dialled outside.
inline constexpr std::string_view kPassingV4 = "244.0.0.0/6";
inline constexpr std::string_view kPassingV6 = "fd6f:7368:2::/64";

} // namespace osh::policy
