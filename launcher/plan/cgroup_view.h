#pragma once
// What /proc/self/mountinfo and /proc/self/cgroup say about control groups, and where this session
// could make one of its own. Pure: text in, places out. cgroups(7), proc_pid_mountinfo(5), Linux's
// Documentation/admin-guide/cgroup-v2.rst ("delegation", "no internal process constraint").

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

// Directories of this process's own groups, as paths of the file system.
struct OwnCgroups {
    std::string unified;                       // "" without cgroup2
    std::map<std::string, std::string> legacy; // controller -> directory
};

OwnCgroups own_cgroups(std::string_view mountinfo, std::string_view cgroup);

// Below which a group may be made, nearest first: the own directory, then its parents up to the
// mount's root, at most kMaxGroupParents of them.
std::vector<std::string> group_candidates(std::string const& own, std::string_view mount_root);
inline constexpr std::size_t kMaxGroupParents = 3;

// Scope: none can be made here, but systemd's manager of this user makes one when asked.
enum class GroupWay : std::uint8_t { None, Unified, Legacy, Scope };

struct GroupPlace { // what was found on this machine; way None: `problem` says why
    GroupWay way = GroupWay::None;
    std::string base;                          // Unified
    std::map<std::string, std::string> legacy; // Legacy: controller -> directory
    std::string problem;
    bool can_limit(std::string const& controller) const;
    std::vector<std::string> controllers; // that a group made here has
};

std::vector<std::string> words_of_controllers(std::string_view text); // "cpu memory pids\n"

} // namespace osh::launcher
