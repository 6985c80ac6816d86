#pragma once
// Path and name globs of profiles: "*" within one component, "**" across components, "?", and
// everything else literally. Not a shell's globbing: no brackets, no braces, no escapes.

#include <string_view>

namespace osh::launcher
{

bool matches_glob(std::string_view pattern, std::string_view text);

// For masks: a pattern without "/" matches in every directory, as in gitignore(5); a directory D
// matches "D/**", so that it can be masked as a whole.
bool matches_mask(std::string_view pattern, std::string_view relative_path);

} // namespace osh::launcher
