#pragma once
// Placeholders: random per session, of the shape of a vendor's token, with no marker of ours. Pure:
// randomness comes in. A placeholder never validates anywhere, so losing one loses nothing.

#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <string>
#include <string_view>

namespace osh::credentials
{

inline constexpr std::size_t kPlaceholderRandom = 256; // random bytes for one placeholder

// Errc::Invalid for an unknown shape or too few random bytes.
Result<std::string> make_placeholder(std::string_view shape, Bytes random);

} // namespace osh::credentials
