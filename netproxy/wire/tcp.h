#pragma once
// TCP segments (RFC 9293 section 3.1): view and emit. Not the protocol: that is netproxy/stack.

#include "policy/base/bytes.h"

#include <optional>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kTcpHeaderSize = 20;
inline constexpr std::size_t kTcpChecksumOffset = 16;

inline constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10;

struct TcpSegment {
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0; // as written, not scaled
    Bytes options;
    Bytes payload;

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

std::optional<TcpSegment> parse_tcp(Bytes transport);

struct SynOptions {
    std::uint16_t segment_size = 536;         // RFC 9293 section 3.7.1: the default for IPv4
    std::optional<std::uint8_t> window_shift; // RFC 7323 section 2; at most 14
    bool may_sack = false;                    // RFC 2018
};

// Unknown options are skipped; what follows a broken one is ignored.
SynOptions parse_syn_options(Bytes options);

struct TcpHeader {
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;
    std::uint16_t checksum = 0; // as is
    Bytes options;              // a multiple of four bytes
};

std::size_t put_tcp(MutableBytes out, TcpHeader const& header); // returns the header's size

} // namespace osh::netproxy::wire
