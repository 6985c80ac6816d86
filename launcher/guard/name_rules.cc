// Patterns are split once; a question costs some dozen comparisons.

#include "launcher/guard/name_rules.h"

#include "launcher/guard/git_entry.h"
#include "launcher/plan/glob.h"
#include "launcher/plan/tool_directories.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

std::vector<std::string> parts_of(std::string_view path)
{
    std::vector<std::string> parts;
    while (!path.empty()) {
        std::size_t const slash = std::min(path.find('/'), path.size());
        if (slash > 0)
            parts.push_back(lower_case(path.substr(0, slash)));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return parts;
}

bool is_at_or_in(std::string_view path, std::string_view root)
{
    return path == root || (path.starts_with(root) && path.substr(root.size()).starts_with('/'));
}

// "secrets/**" hides the directory as a whole.
std::string_view without_tail(std::string_view mask)
{
    while (mask.ends_with("/**") || mask.ends_with('/'))
        mask.remove_suffix(mask.ends_with('/') ? 1 : 3);
    return mask;
}

// Do the first `count` parts of the pattern fit the end of the path?
bool ends_with_parts(std::vector<std::string> const& path, std::vector<std::string> const& pattern,
    std::size_t count)
{
    if (count > path.size())
        return false;
    for (std::size_t i = 0; i < count; ++i)
        if (!matches_glob(pattern[i], path[path.size() - count + i]))
            return false;
    return true;
}

// Does the whole pattern fit the path, or a directory on it?
bool passes(std::vector<std::string> path, std::vector<std::string> const& pattern)
{
    for (; !path.empty(); path.pop_back())
        if (ends_with_parts(path, pattern, pattern.size()))
            return true;
    return false;
}

std::string joined(std::vector<std::string> const& parts, std::size_t from)
{
    std::string text;
    for (std::size_t i = from; i < parts.size(); ++i)
        text += (text.empty() ? "" : "/") + parts[i];
    return text;
}

} // namespace

std::string lower_case(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

void NameSet::add(std::string const& name)
{
    if (name.find_first_of("*?") == std::string::npos)
        names_.insert(name);
    else
        globs_.push_back(name);
}

bool NameSet::has(std::string const& lower) const
{
    return names_.contains(lower)
           || std::any_of(globs_.begin(), globs_.end(),
               [&](std::string const& glob) { return matches_glob(glob, lower); });
}

NameRules::NameRules(GuardPlan const& plan) : roots_(plan.roots), kept_(plan.kept)
{
    for (auto const& entry : plan.protect) {
        Pattern pattern{entry, parts_of(entry)};
        // Judged by what the directory is, not by its name: see git_entry.h.
        bool const is_gits = pattern.parts.size() == 2 && pattern.parts[0] == ".git"
                             && git_entry(pattern.parts[1]) != GitEntry::None;
        if (pattern.parts.empty() || is_gits)
            continue;
        for (auto const& part : pattern.parts)
            words_.add(part);
        last_of_protect_.add(pattern.parts.back());
        protect_.push_back(std::move(pattern));
    }
    for (auto const& mask : plan.masks) {
        masks_.push_back(lower_case(mask));
        std::string_view const last = without_tail(masks_.back());
        if (!last.starts_with('!'))
            words_.add(std::string(last.substr(last.rfind('/') + 1)));
    }
}

bool NameRules::may_matter(std::string_view name) const
{
    std::string const lower = lower_case(name);
    if (git_entry(lower) != GitEntry::None)
        return true;
    return words_.has(lower);
}

bool NameRules::may_lie_in_protected(std::string_view path) const
{
    while (!path.empty()) {
        std::string_view const name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(name.size() + 1, path.size()));
        if (!name.empty() && last_of_protect_.has(lower_case(name)))
            return true;
    }
    return false;
}

std::optional<std::string_view> NameRules::below_root(std::string_view directory) const
{
    for (auto const& root : roots_)
        if (is_at_or_in(directory, root))
            return directory.substr(root.size());
    return std::nullopt;
}

bool NameRules::is_shared(std::string_view directory) const
{
    return below_root(directory).has_value();
}

bool NameRules::is_kept(std::string_view directory) const
{
    return std::any_of(kept_.begin(), kept_.end(),
        [&](std::string const& place) { return is_at_or_in(directory, place); });
}

GitReach NameRules::git_reach(std::string_view directory) const
{
    return {parts_of(below_root(directory).value_or(directory)).size(), roots_};
}

bool NameRules::is_judged(std::string_view directory) const
{
    auto const below = below_root(directory);
    if (!below)
        return false;
    auto parts = parts_of(*below);
    if (!parts.empty() && parts.back() == ".cargo") // a project's settings, or all that cargo keeps
        parts.pop_back();
    return std::none_of(parts.begin(), parts.end(), is_tool_directory);
}

std::optional<std::string> NameRules::masked(std::string_view path) const
{
    std::optional<std::string> found;
    for (std::string_view const mask : masks_) { // the last one that fits decides
        bool const is_exception = mask.starts_with('!');
        if (matches_mask(is_exception ? mask.substr(1) : mask, path))
            found = is_exception ? std::nullopt : std::optional<std::string>(mask);
    }
    return found;
}

std::optional<std::string> NameRules::refusal(
    std::string_view directory, std::string_view name, EntryKind kind) const
{
    if (!is_judged(directory))
        return std::nullopt;
    auto path = parts_of(*below_root(directory));
    path.push_back(lower_case(name));
    for (auto const& pattern : protect_) {
        if (passes(path, pattern.parts))
            return pattern.text;
        // A link in place of a directory on the way could lead to anything.
        for (std::size_t count = 1; kind == EntryKind::Link && count < pattern.parts.size();
             ++count)
            if (ends_with_parts(path, pattern.parts, count))
                return pattern.text;
    }
    return masked(joined(path, 0));
}

bool NameRules::is_masked(std::string_view directory, std::string_view name) const
{
    if (!is_judged(directory))
        return false;
    auto path = parts_of(*below_root(directory));
    path.push_back(lower_case(name));
    return masked(joined(path, 0)).has_value();
}

std::vector<std::string> NameRules::absent_below(
    std::string_view directory, std::string_view name) const
{
    std::vector<std::string> absent;
    if (!is_judged(directory))
        return absent;
    auto path = parts_of(*below_root(directory));
    path.push_back(lower_case(name));
    for (auto const& pattern : protect_)
        for (std::size_t count = 1; count < pattern.parts.size(); ++count)
            if (ends_with_parts(path, pattern.parts, count))
                absent.push_back(joined(pattern.parts, count));
    return absent;
}

} // namespace osh::launcher
