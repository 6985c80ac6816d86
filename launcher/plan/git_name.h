#pragma once
// Who commits: name and address of the person, taken out of their git-config(1) and nothing else of
// it, because the rest names programs, helpers and URLs with tokens. Pure.

#include <string>
#include <string_view>

namespace osh::launcher
{

struct GitName {
    std::string name, email;
    bool operator==(GitName const&) const = default;
};

// The [user] section; includes and conditions are not followed.
GitName git_name_of(std::string_view config);

// A configuration that says only that; "" when there is nothing to say.
std::string git_config_text(GitName const& person);

} // namespace osh::launcher
