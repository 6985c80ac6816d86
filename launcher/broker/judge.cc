#include "launcher/broker/judge.h"

#include "launcher/plan/tool_directories.h"
#include "launcher/sys/proc_view.h"

#include <cerrno>
#include <deque>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxMoved = 20'000; // entries looked at when a tool's directory moves out

Ruling refused(std::string why)
{
    return {EACCES, std::move(why)};
}

Ruling unknown_place()
{
    return refused("a directory of which cannot be told where it lies");
}

EntryKind kind_of(sys::Entry const& entry)
{
    if (entry.is_directory())
        return EntryKind::Directory;
    return entry.is_link() ? EntryKind::Link : EntryKind::File;
}

} // namespace

std::optional<Judge::Seen> Judge::look(Place const& at) const
{
    auto directory = names_.of(at.parent);
    if (!directory)
        return std::nullopt;
    Seen seen{*std::move(directory), std::string(at.bare_name()), GitEntry::None};
    if (rules_.is_shared(seen.directory) || rules_.is_kept(seen.directory))
        seen.git = git_entry(lower_case(seen.name));
    return seen;
}

Ruling Judge::by_name(Seen const& seen, EntryKind kind) const
{
    auto const pattern = rules_.refusal(seen.directory, seen.name, kind);
    return pattern ? refused(*pattern) : Ruling{};
}

// A name that matters nowhere by itself, but what it lies in may: `.vscode` of a package in the
// project, which was there before.
Ruling Judge::by_directory(Place const& at) const
{
    auto const seen = look(at);
    if (!seen)
        return unknown_place();
    return rules_.may_lie_in_protected(seen->directory) ? by_name(*seen, EntryKind::File)
                                                        : Ruling{};
}

Ruling Judge::may_make(Place const& at, EntryKind kind, MadeBy how) const
{
    if (!rules_.may_matter(at.bare_name()))
        return by_directory(at);
    auto const known = look(at);
    if (!known)
        return unknown_place();
    Seen const& seen = *known;
    auto ruling = by_name(seen, kind);
    if (ruling.error != 0)
        return ruling;
    return may_make_git_name(
        {at.parent, seen.name, seen.git, rules_.git_reach(seen.directory)}, how);
}

Ruling Judge::may_write(Place const& at) const
{
    if (!rules_.may_matter(at.bare_name()))
        return by_directory(at);
    auto const known = look(at);
    if (!known)
        return unknown_place();
    Seen const& seen = *known;
    auto ruling = by_name(seen, EntryKind::File);
    if (ruling.error != 0)
        return ruling;
    return may_write_git_file({at.parent, seen.name, seen.git, {}});
}

Ruling Judge::may_rename(Place const& from, Place const& to) const
{
    std::string const from_name(from.bare_name());
    auto const moved = sys::examine_entry(from.parent, from_name);
    bool const may_matter = rules_.may_matter(to.bare_name());
    if (moved.error != 0)
        return {moved.error, ""}; // what cannot be looked at is not moved
    if (!may_matter && !moved.is_directory())
        return by_directory(to);
    auto const known = look(to);
    if (!known)
        return unknown_place();
    Seen const& seen = *known;
    if (moved.is_directory()) {
        auto ruling = may_contain(from, seen);
        if (ruling.error != 0)
            return ruling;
    }
    auto ruling = by_name(seen, kind_of(moved));
    if (ruling.error != 0)
        return ruling;
    return may_rename_to_git_name({from.parent, from_name},
        {to.parent, seen.name, seen.git, rules_.git_reach(seen.directory)});
}

// A directory gets another name: do names in it matter there that did not before?
Ruling Judge::may_contain(Place const& from, Seen const& to) const
{
    auto const absent = rules_.absent_below(to.directory, to.name);
    bool const was_free = !rules_.is_judged(names_.of(from.parent).value_or(""))
                          || is_tool_directory(from.bare_name());
    bool const is_judged = rules_.is_judged(to.directory) && !is_tool_directory(to.name);
    bool const comes_out = was_free && is_judged;
    if (absent.empty() && !comes_out)
        return {};
    auto const root = sys::open_entry(
        from.parent, std::string(from.bare_name()), {O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0});
    if (!root.ok())
        return {root.error, ""};
    for (auto const& name : absent)
        if (sys::entry_exists(root.fd, name.c_str()))
            return refused(name);
    std::deque<std::string> open{"."};
    std::size_t seen = 0;
    Ruling ruling;
    while (comes_out && !open.empty() && ruling.error == 0) {
        std::string const below = std::move(open.front());
        open.pop_front();
        std::string const place = to.directory + "/" + to.name + below.substr(1);
        bool const is_listed =
            sys::for_each_entry(root.fd, below.c_str(), kMaxMoved, [&](std::string_view name) {
                std::string const path = below + "/" + std::string(name);
                auto const entry = sys::examine_entry(root.fd, path);
                auto const kind = kind_of(entry);
                if (++seen > kMaxMoved || entry.error != 0 || rules_.refusal(place, name, kind))
                    ruling = refused(path);
                else if (kind == EntryKind::Directory)
                    open.push_back(path);
                return ruling.error == 0;
            });
        if (!is_listed && ruling.error == 0)
            ruling = refused(below + ", which cannot be listed");
    }
    return ruling;
}

} // namespace osh::launcher
