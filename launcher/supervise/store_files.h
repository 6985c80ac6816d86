#pragma once
// Files and names of the profile store, for its two halves: profiles and policies.

#include "launcher/supervise/profile_store.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

bool is_file(std::string const& path);
// "~/x" and relative names made absolute.
std::string absolute(StorePlaces const& places, std::string const& file);
// As people would write it: "~/.config/…" for their own files, "profiles/daily.toml" for ours.
std::string shown_path(StorePlaces const& places, std::string const& path);
// Names of the files of a folder with this ending, sorted; none if it does not exist.
std::vector<std::string> names_in(std::string const& folder, std::string_view ending);
std::string join(std::vector<std::string> const& words); // with commas

} // namespace osh::launcher
