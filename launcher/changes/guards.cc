#include "launcher/changes/guards.h"

#include "launcher/guard/git_entry.h"
#include "policy/base/text.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

constexpr char kRoot[] = "/project"; // paths are relative: any root will do

GuardPlan guard_plan(std::vector<std::string> protect, std::vector<std::string> masks)
{
    GuardPlan plan;
    plan.roots = {kRoot};
    plan.protect = std::move(protect);
    plan.masks = std::move(masks);
    return plan;
}

EntryKind kind_of_entry(Change const& change)
{
    FileType const type =
        change.after.type == FileType::Nothing ? change.before.type : change.after.type;
    return type == FileType::Directory ? EntryKind::Directory
           : type == FileType::Link    ? EntryKind::Link
                                       : EntryKind::File;
}

} // namespace

ChangeGuards::ChangeGuards(std::vector<std::string> protect, std::vector<std::string> masks)
    : rules_(guard_plan(std::move(protect), std::move(masks)))
{
}

std::string ChangeGuards::reason(Change const& change) const
{
    if (has_git_part(change.path))
        return "git's own files";
    std::size_t const slash = change.path.rfind('/');
    bool const is_top = slash == std::string::npos;
    std::string const directory = is_top ? kRoot : kRoot + ("/" + change.path.substr(0, slash));
    std::string const name = is_top ? change.path : change.path.substr(slash + 1);
    if (auto const pattern = rules_.refusal(directory, name, kind_of_entry(change)))
        return "the profile protects or hides " + *pattern;
    if (change.after.type == FileType::Link && leads_out(change.path, change.after.target))
        return "leads out of the project";
    return {};
}

bool has_git_part(std::string_view path)
{
    auto const parts = split(path, '/');
    return std::any_of(parts.begin(), parts.end(),
        [](std::string_view part) { return equals_ignoring_case(part, ".git"); });
}

bool commands_git(std::string_view path)
{
    auto const parts = split(path, '/');
    return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
        auto const entry = git_entry(lower_case(part));
        return entry != GitEntry::None && entry != GitEntry::Store;
    });
}

bool leads_out(std::string_view path, std::string_view target)
{
    if (target.starts_with('/'))
        return true;
    auto depth = std::count(path.begin(), path.end(), '/');
    bool has_gone_down = false;
    for (auto const part : split(target, '/')) {
        if (part.empty() || part == ".")
            continue;
        if (part != "..")
            has_gone_down = true;
        else if (has_gone_down || --depth < 0) // down and up again: by a link, that is anywhere
            return true;
    }
    return false;
}

bool is_repository(std::vector<std::string> const& names)
{
    bool has_objects = false, has_refs = false, has_common = false;
    for (auto const& name : names) {
        std::string const lower = lower_case(name);
        has_objects = has_objects || lower == "objects";
        has_refs = has_refs || lower == "refs";
        has_common = has_common || git_entry(lower) == GitEntry::CommonDir;
    }
    return has_common || (has_objects && has_refs);
}

} // namespace osh::launcher
