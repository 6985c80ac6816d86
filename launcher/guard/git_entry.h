#pragma once
// The names that make git(1) run code or read orders. A directory counts as a repository for git,
// whatever it is called, when it holds `objects` and `refs`, or a `commondir` that leads to them
// (setup.c, is_git_directory); so what is judged is what a directory holds, not that it is called
// ".git". In such a directory: `config` and `config.worktree` come into being only by a checked
// rename, `hooks` only as a plain directory, and in it no name that git would run. githooks(5),
// gitrepository-layout(5).

#include <cstdint>
#include <span>
#include <string_view>

namespace osh::launcher
{

enum class GitEntry : std::uint8_t {
    None,
    Store,     // objects, refs: both together make a repository
    CommonDir, // leads to them
    Config,    // config, config.worktree
    Hooks,     // the directory
    Hook       // a program in it
};

// `name` in lower case.
GitEntry git_entry(std::string_view name);

// githooks(5).
std::span<std::string_view const> git_hook_names();

} // namespace osh::launcher
