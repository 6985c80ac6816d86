#pragma once
// Fixed-place fields of packet headers in network order. Not a parser: each caller has checked the
// size of the header once, and the span's own assertions check every access again.

#include "policy/base/bytes.h"

#include <algorithm>
#include <cstdint>

namespace osh::netproxy::wire
{

inline std::uint8_t get8(Bytes bytes, std::size_t at)
{
    return std::to_integer<std::uint8_t>(bytes[at]);
}

inline std::uint16_t get16(Bytes bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(get8(bytes, at) << 8 | get8(bytes, at + 1));
}

inline std::uint32_t get32(Bytes bytes, std::size_t at)
{
    return static_cast<std::uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}

inline void put8(MutableBytes bytes, std::size_t at, unsigned value)
{
    bytes[at] = static_cast<std::byte>(value);
}

inline void put16(MutableBytes bytes, std::size_t at, unsigned value)
{
    put8(bytes, at, value >> 8);
    put8(bytes, at + 1, value);
}

inline void put32(MutableBytes bytes, std::size_t at, std::uint32_t value)
{
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value);
}

inline void put_bytes(MutableBytes bytes, std::size_t at, Bytes value)
{
    std::ranges::copy(value, bytes.subspan(at, value.size()).begin());
}

} // namespace osh::netproxy::wire
