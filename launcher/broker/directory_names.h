#pragma once
// Where a directory of the caller lies, in the words of the plan. Mostly that is the text behind
// /proc/self/fd/N. But a nested sandbox (`nested = "allow"`) has mounts of its own, and the project
// bound to /tmp/x there is still the project: what counts is the file system and the place in it,
// as proc_pid_mountinfo(5) tells them for the mount that the directory was reached through.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct MountRow {
    std::uint64_t id = 0;
    std::string device; // "major:minor"
    std::string root;   // of the mount, in its file system
};
std::vector<MountRow> read_mount_rows(std::string_view mountinfo);

class DirectoryNames
{
public:
    // `has_other_roots`: callers may have mount namespaces of their own.
    DirectoryNames(GuardPlan const& plan, sys::Fd const& proc, bool has_other_roots);

    void look_for(std::int32_t thread) { thread_ = thread; }
    // Nothing: a mount that neither we nor the caller have, or a way up that is closed. What cannot
    // be told must not be allowed.
    std::optional<std::string> of(sys::Fd const& directory);

private:
    struct Tree {
        std::string path, device, root;
    };
    std::vector<MountRow> rows_of(std::string const& process) const;
    std::optional<MountRow> own_row(std::uint64_t id);
    std::optional<std::string> translated(sys::Fd const& directory, MountRow const& mount) const;
    void add_tree(std::string const& path);

    sys::Fd const& proc_;
    bool has_other_roots_;
    std::int32_t thread_ = 0;
    // Of our namespace. Numbers of mounts are used again, and one of ours ends when what it lies on
    // is removed elsewhere: read anew whenever something changed.
    sys::Fd own_mountinfo_;
    std::vector<MountRow> own_;
    std::vector<Tree> trees_;
};

} // namespace osh::launcher
