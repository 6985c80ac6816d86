#include "launcher/apply/project_walk.h"

#include "launcher/plan/glob.h"
#include "launcher/plan/probe_request.h"
#include "launcher/plan/tool_directories.h"
#include "launcher/sys/host_view.h"

#include <deque>

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

Result<> walk_for_masks(HostFacts& facts, std::vector<std::string> const& masks)
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
            else if (is_masked(relative, masks) && !entry.is_link)
                facts.masked_paths.push_back(entry.is_directory ? path + "/" : path);
            else if (is_walked)
                open.push_back({relative + "/", place.depth + 1});
        }
        if (seen >= kMaxMaskWalk) {
            facts.mask_walk_ended_early = true;
            return {};
        }
    }
    return {};
}

} // namespace osh::launcher
