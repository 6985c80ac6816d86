#pragma once
// getrandom(2).

#include <cstdint>

namespace osh::sys
{

std::uint64_t random_u64(); // ends the process if the kernel has no randomness to give

} // namespace osh::sys
