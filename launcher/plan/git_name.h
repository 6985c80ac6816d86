#pragma once
// What a start takes out of git-config(1), and nothing else of it, because the rest names programs,
// helpers and URLs with tokens: who commits, and where hooks lie. Includes and conditions are not
// followed. Pure.

#include <string>
#include <string_view>

namespace osh::launcher
{

struct GitName {
    std::string name, email;
    bool operator==(GitName const&) const = default;
};

// The [user] section.
GitName git_name_of(std::string_view config);

// A configuration that says only that; "" when there is nothing to say.
std::string git_config_text(GitName const& person);

// core.hooksPath of one file, relative to `project`; "" when it names nothing below the project,
// and
// "." when it is the project itself.
struct HooksPlace {
    std::string_view project, home; // absolute
};
std::string hooks_path_of(std::string_view config, HooksPlace const& place);

} // namespace osh::launcher
