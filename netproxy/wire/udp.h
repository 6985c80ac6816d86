#pragma once
// UDP datagrams (RFC 768): view and emit.

#include "policy/base/bytes.h"

#include <optional>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kUdpHeaderSize = 8;
inline constexpr std::size_t kUdpChecksumOffset = 6;

struct UdpDatagram {
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint16_t checksum = 0; // 0: none was computed
    Bytes payload;
};

// The length field must say exactly how long the transport part is: what hides behind a shorter
// one is nobody's payload.
std::optional<UdpDatagram> parse_udp(Bytes transport);

struct UdpHeader {
    std::uint16_t source_port, destination_port;
    std::size_t payload_size;
    std::uint16_t checksum; // as is
};

std::size_t put_udp(MutableBytes out, UdpHeader const& header);

} // namespace osh::netproxy::wire
