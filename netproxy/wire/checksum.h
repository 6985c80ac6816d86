#pragma once
// The internet checksum (RFC 1071) and the pseudo headers it covers (RFC 9293 section 3.1,
// RFC 8200 section 8.1).

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

namespace osh::netproxy::wire
{

// One's complement sum of 16-bit words, folded to 16 bits, not inverted. `start` carries a sum on;
// only the last part of a chain may have an odd length.
std::uint16_t sum16(Bytes bytes, std::uint16_t start = 0);

struct PseudoHeader {
    IpAddress const& source;
    IpAddress const& destination;
    std::uint8_t protocol;
    std::uint32_t length; // transport header and payload
};

// What the kernel expects in the checksum field of a packet whose checksum it shall finish.
std::uint16_t pseudo_header_sum(PseudoHeader const& header);

// True if the bytes with their checksum field sum up as they must.
bool is_checksum_right(PseudoHeader const& header, Bytes transport);

} // namespace osh::netproxy::wire
