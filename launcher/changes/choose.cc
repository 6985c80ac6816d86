#include "launcher/changes/choose.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <string_view>

namespace osh::launcher
{
namespace
{

bool is_meant(std::string_view path, std::string_view wanted)
{
    return wanted.empty() || path == wanted
           || (path.starts_with(wanted) && path.substr(wanted.size()).starts_with('/'));
}

bool is_meant_by_any(std::string_view path, std::vector<std::string> const& wanted)
{
    return std::any_of(
        wanted.begin(), wanted.end(), [&](std::string const& one) { return is_meant(path, one); });
}

bool makes_folder(Change const& change)
{
    return change.after.type == FileType::Directory && change.kind != ChangeKind::Modified;
}

// The wanted paths, and the new folders on the way to them.
std::set<std::string> with_folders(ChangeList const& list, ApplyWish const& wish)
{
    std::set<std::string> folders, wanted;
    for (auto const& change : list.changes)
        if (makes_folder(change))
            folders.insert(change.path);
    bool const is_all = wish.paths.empty() && wish.protect.empty();
    for (auto const& change : list.changes) {
        bool const is_named = is_meant_by_any(change.path, wish.protect);
        if (!is_all && !is_named && !is_meant_by_any(change.path, wish.paths))
            continue;
        wanted.insert(change.path);
        if (is_all || (!change.guarded.empty() && !is_named))
            continue;
        for (std::size_t slash = change.path.find('/'); slash != std::string::npos;
             slash = change.path.find('/', slash + 1))
            if (auto above = change.path.substr(0, slash); folders.contains(above))
                wanted.insert(std::move(above));
    }
    return wanted;
}

std::string reason_to_leave(Change const& change, ApplyWish const& wish)
{
    if (!change.never.empty())
        return "never applied: " + change.never;
    auto const& named = wish.protect;
    if (!change.guarded.empty() && !is_meant_by_any(change.path, named))
        return "protected (" + change.guarded + "): name it with --protected";
    if (change.is_named_itself && std::find(named.begin(), named.end(), change.path) == named.end())
        return "git takes orders from it: name it, and no folder above, with --protected";
    if (!change.conflict.empty() && wish.conflicts == Conflicts::Leave)
        return "conflict: " + change.conflict + "; --force overrides";
    return {};
}

} // namespace

Chosen choose(ChangeList const& list, ApplyWish const& wish)
{
    Chosen chosen;
    for (auto const* paths : {&wish.paths, &wish.protect})
        for (auto const& path : *paths)
            if (std::none_of(list.changes.begin(), list.changes.end(),
                    [&](Change const& change) { return is_meant(change.path, path); }))
                chosen.unknown_paths.push_back(path);
    auto const wanted = with_folders(list, wish);
    std::string refused; // a folder that is left takes along what lies in it
    for (auto const& change : list.changes) {
        if (!wanted.contains(change.path))
            continue;
        std::string why = reason_to_leave(change, wish);
        if (why.empty() && !refused.empty() && is_meant(change.path, refused))
            why = "its folder is left";
        if (why.empty()) {
            chosen.wanted.push_back(change);
            continue;
        }
        if (makes_folder(change) && (refused.empty() || !is_meant(change.path, refused)))
            refused = change.path;
        chosen.left.push_back({change, std::move(why)});
    }
    return chosen;
}

ChangeList at_or_below(ChangeList list, std::vector<std::string> const& paths)
{
    if (!paths.empty())
        std::erase_if(list.changes,
            [&](Change const& change) { return !is_meant_by_any(change.path, paths); });
    return list;
}

Result<std::string> path_in_project(std::string const& project, std::string const& path)
{
    std::string_view rest = path;
    if (rest.starts_with('/')) {
        if (!is_meant(rest, project))
            return fail(Errc::Invalid,
                fmt::format("{} is not in the project {}", in_quotes(path), in_quotes(project)));
        rest.remove_prefix(project.size());
    }
    std::string out;
    for (auto const part : split(rest, '/')) {
        if (part == "..")
            return fail(Errc::Invalid,
                fmt::format("{}: write the path as `osh changes list` does", in_quotes(path)));
        if (!part.empty() && part != ".")
            out += (out.empty() ? "" : "/") + std::string(part);
    }
    return out;
}

} // namespace osh::launcher
