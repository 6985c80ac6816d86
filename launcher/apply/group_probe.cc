#include "launcher/apply/group_probe.h"

#include "launcher/sys/cgroup.h"
#include "launcher/sys/host_view.h"

#include <algorithm>
#include <array>

namespace osh::launcher
{
namespace
{

constexpr std::array kWanted{"cpu", "memory", "pids"};

std::vector<std::string> usable(std::string_view text)
{
    auto words = words_of_controllers(text);
    std::erase_if(
        words, [](auto const& word) { return std::ranges::find(kWanted, word) == kWanted.end(); });
    return words;
}

// Controllers are handed on to children by the parent's subtree_control; while a group has
// processes itself nobody can hand on more ("no internal process constraint"), so only what is
// handed on already counts.
bool take_unified(std::string const& directory, GroupPlace& into)
{
    if (!sys::may_write(directory) || !sys::may_write(directory + "/cgroup.procs"))
        return false;
    auto controllers = usable(sys::read_small_file(directory + "/cgroup.subtree_control"));
    if (std::ranges::find(controllers, "pids") == controllers.end()
        && std::ranges::find(controllers, "memory") == controllers.end())
        return false;
    into = {GroupWay::Unified, directory, {}, "", std::move(controllers)};
    return true;
}

bool take_legacy(OwnCgroups const& own, GroupPlace& into)
{
    GroupPlace place;
    place.way = GroupWay::Legacy;
    for (auto const* controller : kWanted) {
        auto const found = own.legacy.find(controller);
        if (found == own.legacy.end() || !sys::may_write(found->second)
            || !sys::may_write(found->second + "/cgroup.procs"))
            continue;
        place.legacy[controller] = found->second;
        place.controllers.emplace_back(controller);
    }
    if (place.controllers.empty())
        return false;
    into = std::move(place);
    return true;
}

} // namespace

GroupPlace find_group_place()
{
    GroupPlace place;
    auto const own = own_cgroups(
        sys::read_small_file("/proc/self/mountinfo"), sys::read_small_file("/proc/self/cgroup"));
    for (auto const& candidate : group_candidates(own.unified, "/sys/fs/cgroup"))
        if (take_unified(candidate, place))
            return place;
    if (take_legacy(own, place))
        return place;
    place.problem = own.unified.empty() && own.legacy.empty()
                        ? "no control groups are mounted"
                        : "the session's control group is not delegated to this user";
    return place;
}

} // namespace osh::launcher
