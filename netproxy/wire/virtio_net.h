#pragma once
// The ten bytes in front of each packet of a TUN opened with IFF_VNET_HDR: which checksum the
// kernel waives or asks for, and how a super-packet is cut (linux/virtio_net.h,
// Documentation/networking/tuntap). Its fields are in the machine's own byte order, as TUN has no
// TUNSETVNETLE set.

#include "policy/base/bytes.h"

#include <optional>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kVirtioNetHeaderSize = 10;

enum class Segmentation : std::uint8_t { None = 0, Tcp4 = 1, Tcp6 = 4, Udp = 5 };

struct VirtioNetHeader {
    bool needs_checksum = false; // the transport checksum holds the pseudo header's sum only
    bool checksum_valid = false; // the kernel vouches for it
    Segmentation segmentation = Segmentation::None;
    std::uint16_t header_length = 0;   // IP and transport header, of a super-packet
    std::uint16_t segment_size = 0;    // payload per packet, of a super-packet
    std::uint16_t checksum_start = 0;  // from the start of the IP header
    std::uint16_t checksum_offset = 0; // from checksum_start
};

// Nothing: too short, or a kind of super-packet that was never asked for.
std::optional<VirtioNetHeader> parse_virtio_net(Bytes packet);
void put_virtio_net(MutableBytes out, VirtioNetHeader const& header);

} // namespace osh::netproxy::wire
