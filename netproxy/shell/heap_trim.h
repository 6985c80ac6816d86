#pragma once
// When to hand memory that flows gave up back to the kernel: malloc_trim(3). By itself the heap
// gives back its end only, and one small block there keeps all that many ended connections held.
// Knows no heap, only how much is held.

#include "policy/base/time.h"

#include <algorithm>
#include <cstdint>

namespace osh::netproxy::shell
{

inline constexpr std::uint64_t kWorthTrimming = 8u << 20; // less is soon used again
inline constexpr Duration kTrimInterval = 5s;             // a walk over the heap takes milliseconds

class HeapTrim
{
public:
    // True: trim now. To be asked in each turn, with what all flows hold together.
    bool is_due(std::uint64_t held, Instant now)
    {
        most_held_ = std::max(most_held_, held);
        bool const is_worth_it = most_held_ - held >= kWorthTrimming && held <= most_held_ / 2;
        if (!is_worth_it)
            next_ = Instant::never();
        else if (next_ == Instant::never())
            next_ = now + kTrimInterval; // what is used again meanwhile is not given back
        if (now < next_)
            return false;
        most_held_ = held;
        next_ = Instant::never();
        return true;
    }
    Instant next_deadline() const { return next_; }

private:
    std::uint64_t most_held_ = 0;
    Instant next_ = Instant::never();
};

} // namespace osh::netproxy::shell
