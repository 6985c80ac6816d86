#pragma once
// Durations ("90s", "700ms", "2h") and sizes ("512M", "4G") as people write them in profiles. Pure.

#include "policy/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace osh::policy
{

// A whole number and one of ms, s, m, h, d; up to ten years.
std::optional<Duration> parse_duration(std::string_view text);
// A whole number and one of K, M, G, T (powers of 1024); up to 2^60 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

std::string duration_text(Duration duration); // the largest unit that is exact
std::string size_text(std::uint64_t bytes);   // the largest unit that is exact; "0K" for none

} // namespace osh::policy
