#include "netproxy/wire/icmp.h"

#include "netproxy/wire/checksum.h"
#include "netproxy/wire/fields.h"
#include "netproxy/wire/ip.h"

#include <algorithm>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::uint8_t kEchoReply4 = 0, kUnreachable4 = 3, kEchoRequest4 = 8;
constexpr std::uint8_t kFragmentationNeeded4 = 4, kPacketTooBig6 = 2;
constexpr std::uint8_t kUnreachable6 = 1, kEchoRequest6 = 128, kEchoReply6 = 129;

// The ICMP checksum covers a pseudo header in IPv6 only (RFC 4443 section 2.3).
void put_checksum(MutableBytes message, IcmpEnds const& ends)
{
    put16(message, 2, 0);
    std::uint16_t start = 0;
    if (!ends.source.is_v4()) {
        start = pseudo_header_sum({ends.source, ends.destination, kProtocolIcmpv6,
            static_cast<std::uint32_t>(message.size())});
    }
    put16(message, 2, static_cast<std::uint16_t>(~sum16(message, start)));
}

std::uint8_t code4(UnreachableCode code)
{
    switch (code) {
    case UnreachableCode::Network: return 0;
    case UnreachableCode::Host: return 1;
    case UnreachableCode::Port: return 3;
    case UnreachableCode::Prohibited: break;
    }
    return 13;
}

std::uint8_t code6(UnreachableCode code)
{
    switch (code) {
    case UnreachableCode::Network: return 0;
    case UnreachableCode::Host: return 3;
    case UnreachableCode::Port: return 4;
    case UnreachableCode::Prohibited: break;
    }
    return 1;
}

} // namespace

IcmpKind icmp_kind(Bytes message, std::uint8_t protocol)
{
    if (message.size() < kIcmpHeaderSize || get8(message, 1) != 0)
        return IcmpKind::Other;
    std::uint8_t const echo = protocol == kProtocolIcmp ? kEchoRequest4 : kEchoRequest6;
    return get8(message, 0) == echo ? IcmpKind::EchoRequest : IcmpKind::Other;
}

void put_echo_reply(MutableBytes out, Bytes request, IcmpEnds const& ends)
{
    put_bytes(out, 0, request);
    put8(out, 0, ends.source.is_v4() ? kEchoReply4 : kEchoReply6);
    put_checksum(out, ends);
}

void put_unreachable(MutableBytes out, UnreachableCode code, IcmpEnds const& ends)
{
    bool const is_v4 = ends.source.is_v4();
    put8(out, 0, is_v4 ? kUnreachable4 : kUnreachable6);
    put8(out, 1, is_v4 ? code4(code) : code6(code));
    put32(out, 4, 0);
    put_checksum(out, ends);
}

void put_too_big(MutableBytes out, std::uint32_t mtu, IcmpEnds const& ends)
{
    bool const is_v4 = ends.source.is_v4();
    put8(out, 0, is_v4 ? kUnreachable4 : kPacketTooBig6);
    put8(out, 1, is_v4 ? kFragmentationNeeded4 : 0);
    put32(out, 4, is_v4 ? std::min<std::uint32_t>(mtu, 0xffff) : mtu); // RFC 1191: the low half
    put_checksum(out, ends);
}

} // namespace osh::netproxy::wire
