#pragma once
// Keeps every repository in a shared tree one that a person outside can run git in: see
// guard/git_entry.h for the rule. Works on open directories; works because all writing opens and
// all calls that make names come through one process, so nothing changes between look and act.

#include "launcher/guard/git_config.h"
#include "launcher/guard/git_entry.h"
#include "launcher/sys/entry_calls.h"

#include <string>

namespace osh::launcher
{

struct Ruling {
    int error = 0;   // 0: may be
    std::string why; // of a refusal
};

struct GitSpot {
    sys::Fd const& directory;
    std::string const& name; // in it
    GitEntry what = GitEntry::None;
    GitReach reach; // of the directory
};

enum class MadeBy { Mkdir, Other };

Ruling may_make_git_name(GitSpot const& spot, MadeBy how);
Ruling may_write_git_file(GitSpot const& spot);

// A rename onto `to`: a configuration file is read, checked against the one in place, and written
// anew, so that no descriptor that is open for writing leads to it.
Ruling may_rename_to_git_name(sys::EntryName from, GitSpot const& to);

} // namespace osh::launcher
