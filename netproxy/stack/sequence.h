#pragma once
// TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 section 3.4).

#include <cstdint>

namespace osh::netproxy::stack
{

using Sequence = std::uint32_t;

// How far `later` lies behind `earlier`; negative if before it.
constexpr std::int32_t distance(Sequence earlier, Sequence later)
{
    return static_cast<std::int32_t>(later - earlier);
}

constexpr bool is_before(Sequence a, Sequence b)
{
    return distance(a, b) > 0;
}

constexpr bool is_at_or_before(Sequence a, Sequence b)
{
    return distance(a, b) >= 0;
}

} // namespace osh::netproxy::stack
