#pragma once
// The ICMP messages we speak: echo (RFC 792, RFC 4443 section 4) and destination unreachable
// (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1). All others are dropped by the stack.

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

namespace osh::netproxy::wire
{

inline constexpr std::size_t kIcmpHeaderSize = 8;

enum class IcmpKind : std::uint8_t { EchoRequest, Other };

IcmpKind icmp_kind(Bytes message, std::uint8_t protocol); // protocol: ICMP or ICMPv6

enum class UnreachableCode : std::uint8_t { Network, Host, Port, Prohibited };

struct IcmpEnds {
    IpAddress const& source;
    IpAddress const& destination;
};

// Writes an echo reply for `request`; `out` has the request's size.
void put_echo_reply(MutableBytes out, Bytes request, IcmpEnds const& ends);

// Writes type and code in front of the quoted packet that `out` already holds from byte 8 on, and
// the checksum.
void put_unreachable(MutableBytes out, UnreachableCode code, IcmpEnds const& ends);

// The same for "packet too big" (RFC 1191 section 4, RFC 4443 section 3.2).
void put_too_big(MutableBytes out, std::uint32_t mtu, IcmpEnds const& ends);

} // namespace osh::netproxy::wire
