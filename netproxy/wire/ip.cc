#include "netproxy/wire/ip.h"

#include "netproxy/wire/checksum.h"
#include "netproxy/wire/fields.h"

#include <array>
#include <cstring>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::uint16_t kDontFragment = 0x4000;
constexpr std::uint16_t kFragmentBits = 0x3fff; // more fragments, offset
constexpr std::uint8_t kHopLimit = 64;

// Next headers of RFC 8200 section 4.1, RFC 4302, RFC 4303, RFC 6275, RFC 7401, RFC 5533 and the
// two experiments of RFC 3692. 59 is "no next header".
constexpr bool is_extension_header(std::uint8_t protocol)
{
    switch (protocol) {
    case 0:
    case 43:
    case 50:
    case 51:
    case 59:
    case 60:
    case 135:
    case 139:
    case 140:
    case 253:
    case 254: return true;
    default: return false;
    }
}

std::expected<IpPacket, IpProblem> parse_v4(Bytes packet)
{
    if (packet.size() < kIpv4HeaderSize)
        return std::unexpected(IpProblem::Malformed);
    std::size_t const header = (get8(packet, 0) & 0x0f) * 4u;
    std::size_t const total = get16(packet, 2);
    if (header < kIpv4HeaderSize || total < header || total > packet.size())
        return std::unexpected(IpProblem::Malformed);
    if (header > kIpv4HeaderSize)
        return std::unexpected(IpProblem::Options);
    if ((get16(packet, 6) & kFragmentBits) != 0)
        return std::unexpected(IpProblem::Fragment);
    if (sum16(packet.first(kIpv4HeaderSize)) != 0xffff)
        return std::unexpected(IpProblem::Malformed);
    return IpPacket{IpAddress::from_v4(get32(packet, 12)), IpAddress::from_v4(get32(packet, 16)),
        get8(packet, 9), (get16(packet, 6) & kDontFragment) != 0,
        packet.subspan(header, total - header)};
}

IpAddress v6_at(Bytes packet, std::size_t at)
{
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), packet.subspan(at, 16).data(), 16);
    return IpAddress::from_v6(bytes);
}

std::expected<IpPacket, IpProblem> parse_v6(Bytes packet)
{
    if (packet.size() < kIpv6HeaderSize)
        return std::unexpected(IpProblem::Malformed);
    std::size_t const length = get16(packet, 4);
    std::uint8_t const next = get8(packet, 6);
    if (length > packet.size() - kIpv6HeaderSize)
        return std::unexpected(IpProblem::Malformed);
    if (next == 44)
        return std::unexpected(IpProblem::Fragment);
    if (is_extension_header(next))
        return std::unexpected(IpProblem::Options);
    IpPacket const parsed{
        v6_at(packet, 8), v6_at(packet, 24), next, false, packet.subspan(kIpv6HeaderSize, length)};
    // An IPv4-mapped address on the wire would be taken for the IPv4 address it is not.
    if (parsed.source.is_v4() || parsed.destination.is_v4())
        return std::unexpected(IpProblem::Malformed);
    return parsed;
}

} // namespace

std::expected<IpPacket, IpProblem> parse_ip(Bytes packet)
{
    if (packet.empty())
        return std::unexpected(IpProblem::Malformed);
    switch (get8(packet, 0) >> 4) {
    case 4: return parse_v4(packet);
    case 6: return parse_v6(packet);
    default: return std::unexpected(IpProblem::Malformed);
    }
}

std::size_t ip_header_size(IpAddress const& address)
{
    return address.is_v4() ? kIpv4HeaderSize : kIpv6HeaderSize;
}

std::size_t put_ip(MutableBytes out, IpHeader const& header)
{
    if (header.source.is_v4()) {
        put16(out, 0, 0x4500);
        put16(out, 2, static_cast<unsigned>(kIpv4HeaderSize + header.payload_size));
        put16(out, 4, 0); // RFC 6864: an atomic packet needs no identification
        put16(out, 6, kDontFragment);
        put16(out, 8, kHopLimit << 8 | header.protocol);
        put16(out, 10, 0);
        put32(out, 12, header.source.v4_host_order());
        put32(out, 16, header.destination.v4_host_order());
        put16(out, 10, static_cast<std::uint16_t>(~sum16(out.first(kIpv4HeaderSize))));
        return kIpv4HeaderSize;
    }
    put32(out, 0, 0x60000000);
    put16(out, 4, static_cast<unsigned>(header.payload_size));
    put16(out, 6, header.protocol << 8 | kHopLimit);
    put_bytes(out, 8, std::as_bytes(std::span(header.source.bytes())));
    put_bytes(out, 24, std::as_bytes(std::span(header.destination.bytes())));
    return kIpv6HeaderSize;
}

} // namespace osh::netproxy::wire
