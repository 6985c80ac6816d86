#pragma once
// Time as values. Core code takes an Instant as argument; only launcher/sys/clock reads a clock.

#include <chrono>
#include <cstdint>

namespace osh
{

using Duration = std::chrono::nanoseconds;
using namespace std::chrono_literals;

// A point on the monotonic clock, clock_gettime(2) CLOCK_MONOTONIC.
struct Instant {
    std::int64_t nanoseconds = 0;

    static constexpr Instant never() { return {INT64_MAX}; }
    constexpr bool is_never() const { return nanoseconds == INT64_MAX; }
    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Duration operator-(Instant a, Instant b)
    {
        return Duration(a.nanoseconds - b.nanoseconds);
    }
    friend constexpr Instant operator+(Instant a, Duration b)
    {
        return a.is_never() ? a : Instant{a.nanoseconds + b.count()};
    }
};

// A point on the calendar, milliseconds since 1970-01-01T00:00:00Z.
struct WallTime {
    std::int64_t milliseconds = 0;
    friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

} // namespace osh
