#pragma once
// Which changes must be named to be applied: what a program outside would obey or run by itself
// (the profile's `protect`, all of git's own files), what the profile hides, and links that lead
// out of the project. Pure; what a directory holds is told by whoever looked.

#include "launcher/changes/change.h"
#include "launcher/guard/name_rules.h"

namespace osh::launcher
{

class ChangeGuards
{
public:
    ChangeGuards(std::vector<std::string> protect, std::vector<std::string> masks);

    // The reason, "" when there is none.
    std::string reason(Change const& change) const;

private:
    NameRules rules_;
};

// Does git take orders from a file of this path, if it lies in a repository? Only the last parts
// count.
bool has_git_part(std::string_view path); // ".git", in any case of letters
bool commands_git(std::string_view path);

// Would a link at `path` (relative to the project) with this text lead out of it, or could it, by
// way of another link?
bool leads_out(std::string_view path, std::string_view target);

// git takes a directory with these entries for a repository, whatever it is called.
bool is_repository(std::vector<std::string> const& names);

} // namespace osh::launcher
