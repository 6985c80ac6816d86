#include "launcher/guard/git_entry.h"

#include <algorithm>
#include <array>

namespace osh::launcher
{
namespace
{

// githooks(5) of git 2.51, and the server's.
constexpr std::array<std::string_view, 28> kHooks{"applypatch-msg", "pre-applypatch",
    "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg",
    "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
    "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout",
    "pre-auto-gc", "post-rewrite", "sendemail-validate", "fsmonitor-watchman", "p4-changelist",
    "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit", "post-index-change"};

} // namespace

GitEntry git_entry(std::string_view name)
{
    if (name == "objects" || name == "refs")
        return GitEntry::Store;
    if (name == "commondir")
        return GitEntry::CommonDir;
    if (name == "config" || name == "config.worktree")
        return GitEntry::Config;
    if (name == "hooks")
        return GitEntry::Hooks;
    if (std::find(kHooks.begin(), kHooks.end(), name) != kHooks.end())
        return GitEntry::Hook;
    return GitEntry::None;
}

std::span<std::string_view const> git_hook_names()
{
    return kHooks;
}

} // namespace osh::launcher
