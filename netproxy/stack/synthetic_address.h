#pragma once
// The n-th address of a block and back (RFC 4632, RFC 4291 section 2.3): a synthetic address says
// by itself which place of a pool it belongs to. Only the last 32 bits count.

#include "policy/base/ip_address.h"

#include <cstddef>
#include <cstdint>

namespace osh::netproxy::stack
{

inline constexpr std::uint64_t kNoNumber = UINT64_MAX;

// Number 0 is base + 1, for a base whose host part is zero.
IpAddress numbered_address(AddressBlock const& block, std::uint32_t number);
// The number that numbered_address() made it from; more than any capacity if it is not one.
std::uint64_t number_of_address(AddressBlock const& block, IpAddress const& address);
// How many numbers a block has, without its first and last address.
std::size_t room_of_block(AddressBlock const& block);

} // namespace osh::netproxy::stack
