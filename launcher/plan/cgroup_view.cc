#include "launcher/plan/cgroup_view.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

struct Mount {
    std::string root, point, kind;
    std::vector<std::string_view> options; // of the super block
};

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
bool parse_mount(std::string_view line, Mount& into)
{
    std::size_t const dash = line.find(" - ");
    if (dash == std::string_view::npos)
        return false;
    auto const left = split(line.substr(0, dash), ' ');
    auto const right = split(line.substr(dash + 3), ' ');
    constexpr std::size_t kRoot = 3, kPoint = 4;
    if (left.size() <= kPoint || right.size() < 3)
        return false;
    into.root = left[kRoot];
    into.point = left[kPoint];
    into.kind = right[0];
    into.options = split(right[2], ',');
    return true;
}

// The mount may show only a part of the tree (containers): its root is cut from the path.
std::string directory_of(Mount const& mount, std::string_view path)
{
    if (path.find("/..") != std::string_view::npos)
        return {}; // outside of what this cgroup namespace shows
    if (mount.root != "/" && path.starts_with(mount.root))
        path.remove_prefix(mount.root.size());
    return path.empty() || path == "/" ? mount.point : mount.point + std::string(path);
}

// "4:memory:/path", "0::/path"
struct Membership {
    std::vector<std::string_view> controllers; // none: cgroup2
    std::string_view path;
};

std::vector<Membership> memberships(std::string_view text)
{
    std::vector<Membership> all;
    for (auto const line : split(text, '\n')) {
        std::size_t const first = line.find(':');
        std::size_t const second =
            first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos)
            continue;
        auto const names = line.substr(first + 1, second - first - 1);
        Membership one;
        if (!names.empty())
            one.controllers = split(names, ',');
        one.path = line.substr(second + 1);
        all.push_back(std::move(one));
    }
    return all;
}

} // namespace

OwnCgroups own_cgroups(std::string_view mountinfo, std::string_view cgroup)
{
    OwnCgroups own;
    auto const members = memberships(cgroup);
    for (auto const line : split(mountinfo, '\n')) {
        Mount mount;
        if (!parse_mount(line, mount))
            continue;
        for (auto const& member : members) {
            if (mount.kind == "cgroup2" && member.controllers.empty() && own.unified.empty())
                own.unified = directory_of(mount, member.path);
            for (auto const controller : member.controllers)
                if (mount.kind == "cgroup" && std::ranges::count(mount.options, controller) != 0)
                    own.legacy.try_emplace(
                        std::string(controller), directory_of(mount, member.path));
        }
    }
    return own;
}

std::vector<std::string> group_candidates(std::string const& own, std::string_view mount_root)
{
    std::vector<std::string> places;
    std::string place = own;
    while (
        !place.empty() && place.size() >= mount_root.size() && places.size() <= kMaxGroupParents) {
        places.push_back(place);
        place.resize(std::min(place.size(), place.rfind('/')));
    }
    return places;
}

bool GroupPlace::can_limit(std::string const& controller) const
{
    return std::ranges::count(controllers, controller) != 0;
}

std::vector<std::string> words_of_controllers(std::string_view text)
{
    std::vector<std::string> words;
    for (auto const line : split(text, '\n'))
        for (auto const word : split(line, ' '))
            if (!word.empty())
                words.emplace_back(word);
    return words;
}

} // namespace osh::launcher
