#pragma once
// Which git configuration may be written from inside: git-config(1). Only a narrow grammar is read,
// the one that git itself writes; text that git might read in another way than we do is refused. In
// it, only keys that cannot make git run a program, read another file or write outside the working
// tree; what the file held before may stay.

#include "policy/base/result.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxGitConfig = 1024 * 1024;

struct GitSetting {
    std::string section;    // lower case
    std::string subsection; // as it stands between the quotes, escapes undone
    std::string key;        // lower case
    std::string value;      // quotes and escapes undone; "" without "="
    bool operator==(GitSetting const&) const = default;
};

// Errc::Malformed for what stands outside of the narrow grammar.
Result<std::vector<GitSetting>> read_git_config(std::string_view text);

// Can this setting make git do no more than talk to a server or keep its own books?
bool is_harmless(GitSetting const& setting);

// Where core.worktree may lead: up to the root of the shared tree and no farther, or to the root of
// one. Such a root is a mount, which the agent cannot replace by a link; a place below it could be.
struct GitReach {
    std::size_t depth = 0; // directories from the repository up to the shared tree's root
    std::span<std::string const> roots; // absolute; borrowed
};

struct GitConfigChange {
    std::string_view before, after;
    GitReach reach;
};

// Every setting of `after` is harmless, or stood in `before` in the same order. An error names the
// first one that is neither.
Result<> check_git_config(GitConfigChange const& change);

} // namespace osh::launcher
