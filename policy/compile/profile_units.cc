#include "policy/compile/profile_units.h"

#include <array>
#include <charconv>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

struct TimeUnit {
    std::string_view name;
    std::int64_t nanoseconds;
};
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
// Smallest first: the printer takes the last one that divides.
constexpr std::array kTimeUnits{TimeUnit{"ms", kMillisecond}, TimeUnit{"s", kSecond},
    TimeUnit{"m", 60 * kSecond}, TimeUnit{"h", 3600 * kSecond}, TimeUnit{"d", 86400 * kSecond}};
constexpr std::int64_t kLongest = 3653 * 86400 * kSecond; // ten years

struct SizeUnit {
    char name;
    unsigned shift;
};
constexpr std::array kSizeUnits{
    SizeUnit{'K', 10}, SizeUnit{'M', 20}, SizeUnit{'G', 30}, SizeUnit{'T', 40}};
constexpr std::uint64_t kLargest = std::uint64_t(1) << 60;

// The digits at the start; `text` keeps what follows.
std::optional<std::uint64_t> take_number(std::string_view& text)
{
    std::uint64_t number = 0;
    auto const [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stop == text.data())
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return number;
}

} // namespace

std::optional<Duration> parse_duration(std::string_view text)
{
    auto const number = take_number(text);
    for (auto const& unit : kTimeUnits)
        if (number && text == unit.name
            && *number <= static_cast<std::uint64_t>(kLongest / unit.nanoseconds))
            return Duration(static_cast<std::int64_t>(*number) * unit.nanoseconds);
    return std::nullopt;
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    auto const number = take_number(text);
    for (auto const& unit : kSizeUnits)
        if (number && text.size() == 1 && text[0] == unit.name
            && *number <= (kLargest >> unit.shift))
            return *number << unit.shift;
    return std::nullopt;
}

std::string duration_text(Duration duration)
{
    std::int64_t const all = duration.count();
    TimeUnit best = kTimeUnits[0];
    for (auto const& unit : kTimeUnits)
        if (all != 0 && all % unit.nanoseconds == 0)
            best = unit;
    return fmt::format("{}{}", all / best.nanoseconds, best.name);
}

std::string size_text(std::uint64_t bytes)
{
    SizeUnit best = kSizeUnits[0];
    for (auto const& unit : kSizeUnits)
        if (bytes != 0 && (bytes & ((std::uint64_t(1) << unit.shift) - 1)) == 0)
            best = unit;
    return fmt::format("{}{}", bytes >> best.shift, best.name);
}

} // namespace osh::policy
