#include "netproxy/wire/checksum.h"

#include <bit>
#include <cstring>
#include <span>

namespace osh::netproxy::wire
{
namespace
{

std::uint16_t fold(std::uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

// A sum of words in the machine's order, in network order (RFC 1071 section 2 B).
std::uint16_t to_network(std::uint16_t sum)
{
    if constexpr (std::endian::native == std::endian::little)
        return static_cast<std::uint16_t>(sum << 8 | sum >> 8);
    return sum;
}

Bytes address_bytes(IpAddress const& address)
{
    auto const all = std::as_bytes(std::span(address.bytes()));
    return address.is_v4() ? all.subspan(12) : all;
}

} // namespace

std::uint16_t sum16(Bytes bytes, std::uint16_t start)
{
    std::uint64_t sum = 0; // of 32-bit words: cannot overflow below 16 GiB of bytes
    while (bytes.size() >= 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        sum += word;
        bytes = bytes.subspan(4);
    }
    std::uint32_t last = 0;
    if (!bytes.empty())
        std::memcpy(&last, bytes.data(), bytes.size());
    return fold(std::uint64_t{to_network(fold(sum + last))} + start);
}

std::uint16_t pseudo_header_sum(PseudoHeader const& header)
{
    std::uint16_t sum = sum16(address_bytes(header.source));
    sum = sum16(address_bytes(header.destination), sum);
    return fold(
        std::uint64_t{sum} + header.protocol + (header.length >> 16) + (header.length & 0xffff));
}

bool is_checksum_right(PseudoHeader const& header, Bytes transport)
{
    return sum16(transport, pseudo_header_sum(header)) == 0xffff;
}

} // namespace osh::netproxy::wire
