#pragma once
// IPv4 (RFC 791) and IPv6 (RFC 8200) headers: view and emit. Without options, extension headers or
// fragments on purpose: nothing that our link needs uses them, and each has been a way around
// filters.

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

#include <expected>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kIpv4HeaderSize = 20;
inline constexpr std::size_t kIpv6HeaderSize = 40;

inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

enum class IpProblem : std::uint8_t { Malformed, Fragment, Options };

struct IpPacket {
    IpAddress source, destination; // both IPv4 or both IPv6: an IPv6 header cannot name an IPv4
    std::uint8_t protocol = 0;
    bool is_dont_fragment = false; // the bit of IPv4; IPv6 has none
    Bytes payload;                 // without padding behind the packet
};

std::expected<IpPacket, IpProblem> parse_ip(Bytes packet);

struct IpHeader {
    IpAddress const& source;
    IpAddress const& destination;
    std::uint8_t protocol;
    std::size_t payload_size;
};

std::size_t ip_header_size(IpAddress const& address);
std::size_t put_ip(MutableBytes out, IpHeader const& header); // returns the header's size

} // namespace osh::netproxy::wire
