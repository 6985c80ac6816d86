#include "launcher/apply/project_walk.h"

#include "launcher/plan/glob.h"
#include "launcher/plan/tool_directories.h"
#include "launcher/sys/host_view.h"
#include "policy/base/text.h"

#include <algorithm>
#include <deque>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

bool is_masked(std::string const& relative, std::vector<std::string> const& masks)
{
    bool masked = false;
    for (std::string_view mask : masks) { // the last one that fits decides, as in gitignore(5)
        bool const is_exception = mask.starts_with('!');
        if (matches_mask(is_exception ? mask.substr(1) : mask, relative))
            masked = !is_exception;
    }
    return masked;
}

constexpr std::size_t kMaxGitEntries = 256;

// Of the names that are protected wherever they are; longer paths are looked for at the top only,
// where plain names have been found already.
bool is_protected_name(
    std::string const& name, std::size_t depth, std::vector<std::string> const& protect)
{
    return std::any_of(protect.begin(), protect.end(), [&](std::string const& entry) {
        bool const is_glob = entry.find_first_of("*?") != std::string::npos;
        return (depth > 0 && equals_ignoring_case(entry, name))
               || (is_glob && matches_glob(entry, name));
    });
}

struct Place {
    std::string relative; // "" or ends in "/"
    std::size_t depth = 0;
};

// git's own daemon listens directly below .git; the rest of it is not worth walking.
Result<> mask_sockets_of_git(HostFacts& facts)
{
    std::string const directory = facts.project_root + "/.git/";
    LET(entries, sys::list_directory(directory, kMaxGitEntries));
    for (auto const& entry : entries)
        if (entry.is_meeting_point)
            facts.masked_paths.push_back(directory + entry.name);
    return {};
}

} // namespace

// Programs put their sockets near the top of their folders; caches are deep and large.
constexpr std::size_t kMaxSocketWalk = 5'000, kMaxSocketDepth = 3;

Result<> walk_for_sockets(HostFacts& facts, std::vector<std::string> const& grants)
{
    std::deque<Place> open;
    for (auto const& grant : grants)
        open.push_back({grant + "/", 0});
    std::size_t seen = 0;
    while (!open.empty() && seen < kMaxSocketWalk) {
        Place const place = std::move(open.front());
        open.pop_front();
        LET(entries, sys::list_directory(place.relative, kMaxSocketWalk - seen));
        seen += entries.size();
        for (auto const& entry : entries) {
            if (entry.is_meeting_point)
                facts.masked_paths.push_back(place.relative + entry.name);
            else if (entry.is_directory && !entry.is_link && place.depth < kMaxSocketDepth)
                open.push_back({place.relative + entry.name + "/", place.depth + 1});
        }
    }
    return {};
}

Result<> walk_project(HostFacts& facts, ProbeRequest const& request)
{
    if (facts.project_root.empty() || facts.project_root == "/" || facts.project_root == facts.home)
        return {};
    TRY(mask_sockets_of_git(facts));
    std::deque<Place> open{{"", 0}}; // breadth first: what is near the top is found in any case
    std::size_t seen = 0;
    while (!open.empty()) {
        Place const place = std::move(open.front());
        open.pop_front();
        LET(entries,
            sys::list_directory(facts.project_root + "/" + place.relative, kMaxMaskWalk - seen));
        seen += entries.size();
        for (auto const& entry : entries) {
            std::string const relative = place.relative + entry.name;
            std::string const path = facts.project_root + "/" + relative;
            bool const is_walked = entry.is_directory && place.depth < kMaxMaskDepth
                                   && entry.name != ".git" && !is_tool_directory(entry.name);
            if (entry.is_meeting_point)
                facts.masked_paths.push_back(path);
            else if (is_masked(relative, request.masks) && !entry.is_link)
                facts.masked_paths.push_back(entry.is_directory ? path + "/" : path);
            else if (!entry.is_link
                     && is_protected_name(entry.name, place.depth, request.project_paths))
                facts.nested_protected.push_back(relative);
            else if (is_walked)
                open.push_back({relative + "/", place.depth + 1});
        }
        if (facts.nested_protected.size() > kMaxNested)
            return fail(Errc::TooLarge,
                fmt::format("the project has more than {} places to protect, the last of them {}",
                    kMaxNested, in_quotes(facts.nested_protected.back())));
        if (seen >= kMaxMaskWalk) {
            facts.mask_walk_ended_early = true;
            return {};
        }
    }
    return {};
}

} // namespace osh::launcher
