#pragma once
// The forms of a secret to look for, in responses and in environment values. Best effort: what a
// server transforms in its own way is not found (design: credentials, rule 8). Pure.

#include <string>
#include <string_view>
#include <vector>

namespace osh::credentials
{

// A shorter value is not scrubbed from bodies: it would be found everywhere.
inline constexpr std::size_t kShortestScrubbed = 12;
// A shorter value is compared whole only.
inline constexpr std::size_t kShortestContained = 6;

struct ScrubForms {
    std::vector<std::string> find, replace; // of equal length, without duplicates in `find`
};

// Plain, base64 and base64url at three alignments, hex, percent, JSON-escaped. Base64 pieces are
// replaced by pieces of the same length, so that what stands around them still decodes. Empty for a
// value that is too short.
ScrubForms scrub_forms(std::string_view value, std::string_view placeholder);

// Does the value of an environment variable equal or contain a secret, in any of its forms?
bool holds_secret(std::string_view value, std::vector<std::string_view> const& secrets);

} // namespace osh::credentials
