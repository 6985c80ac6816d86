#include "netproxy/wire/virtio_net.h"

#include <array>
#include <bit>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::uint8_t kNeedsChecksum = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
constexpr std::uint8_t kDataValid = 2;     // VIRTIO_NET_HDR_F_DATA_VALID
constexpr std::uint8_t kEcn = 0x80;        // VIRTIO_NET_HDR_GSO_ECN

std::uint16_t get_native16(Bytes bytes, std::size_t at)
{
    std::array<std::byte, 2> const two{bytes[at], bytes[at + 1]};
    return std::bit_cast<std::uint16_t>(two);
}

void put_native16(MutableBytes bytes, std::size_t at, std::uint16_t value)
{
    auto const two = std::bit_cast<std::array<std::byte, 2>>(value);
    bytes[at] = two[0];
    bytes[at + 1] = two[1];
}

std::optional<Segmentation> segmentation_of(std::uint8_t value)
{
    switch (value & ~kEcn) {
    case 0: return Segmentation::None;
    case 1: return Segmentation::Tcp4;
    case 4: return Segmentation::Tcp6;
    case 5: return Segmentation::Udp;
    default: return std::nullopt;
    }
}

} // namespace

std::optional<VirtioNetHeader> parse_virtio_net(Bytes packet)
{
    if (packet.size() < kVirtioNetHeaderSize)
        return std::nullopt;
    auto const flags = std::to_integer<std::uint8_t>(packet[0]);
    auto const segmentation = segmentation_of(std::to_integer<std::uint8_t>(packet[1]));
    if (!segmentation)
        return std::nullopt;
    return VirtioNetHeader{
        .needs_checksum = (flags & kNeedsChecksum) != 0,
        .checksum_valid = (flags & kDataValid) != 0,
        .segmentation = *segmentation,
        .header_length = get_native16(packet, 2),
        .segment_size = get_native16(packet, 4),
        .checksum_start = get_native16(packet, 6),
        .checksum_offset = get_native16(packet, 8),
    };
}

void put_virtio_net(MutableBytes out, VirtioNetHeader const& header)
{
    out[0] = static_cast<std::byte>(
        (header.needs_checksum ? kNeedsChecksum : 0) | (header.checksum_valid ? kDataValid : 0));
    out[1] = static_cast<std::byte>(header.segmentation);
    put_native16(out, 2, header.header_length);
    put_native16(out, 4, header.segment_size);
    put_native16(out, 6, header.checksum_start);
    put_native16(out, 8, header.checksum_offset);
}

} // namespace osh::netproxy::wire
