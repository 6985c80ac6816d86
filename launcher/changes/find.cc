#include "launcher/changes/find.h"

#include "launcher/changes/guards.h"
#include "launcher/sys/tree_calls.h"
#include "policy/base/text.h"

#include <algorithm>
#include <deque>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>

namespace osh::launcher
{
namespace
{

using sys::Entry;
using sys::Fd;

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
constexpr unsigned kModeBits = 07777;

FileType type_of(Entry const& entry)
{
    if (entry.error != 0)
        return FileType::Nothing;
    if (entry.is_directory())
        return FileType::Directory;
    if (entry.is_regular())
        return FileType::File;
    if (entry.is_link())
        return FileType::Link;
    if (entry.is_fifo())
        return FileType::Fifo;
    return (entry.mode & S_IFMT) == S_IFSOCK ? FileType::Socket : FileType::Device;
}

Side side_of(Fd const& directory, std::string const& name, Entry const& entry)
{
    Side side;
    side.type = type_of(entry);
    if (side.type == FileType::Nothing)
        return side;
    side.mode = entry.mode & kModeBits;
    side.size = entry.size;
    side.inode = entry.inode;
    side.changed_ns = entry.changed_ns;
    if (side.type == FileType::Link)
        side.target = sys::link_text(directory, name);
    return side;
}

std::vector<std::string> joined(std::vector<std::string> one, std::vector<std::string> const& other)
{
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

struct Place { // a directory of the upper layer
    std::string path;
    bool has_lower = false; // the real project has a directory there
    bool in_repository = false;
};

class Walk
{
public:
    Walk(KeptChanges const& kept, std::size_t limit)
        : kept_(kept), guards_(kept.about.protect, kept.about.masks), limit_(limit)
    {
    }

    ChangeList run()
    {
        open_.push_back({"", true, false});
        while (!open_.empty()) {
            Place const place = std::move(open_.front());
            open_.pop_front();
            visit(place);
        }
        std::sort(list_.changes.begin(), list_.changes.end(), by_path);
        return std::move(list_);
    }

private:
    // By parts, so that a directory is followed by what lies in it.
    static bool by_path(Change const& a, Change const& b)
    {
        return std::lexicographical_compare(a.path.begin(), a.path.end(), b.path.begin(),
            b.path.end(), [](unsigned char left, unsigned char right) {
                return (left == '/' ? 0 : left) < (right == '/' ? 0 : right);
            });
    }

    void visit(Place const& place)
    {
        auto const upper = sys::open_below(kept_.upper, place.path, O_RDONLY | O_DIRECTORY);
        auto const names = upper.ok() ? sys::entries_of(upper.fd, kMaxEntriesHere) : std::nullopt;
        if (!names)
            return could_not(place.path, upper.error);
        sys::Opened lower;
        if (place.has_lower)
            lower = sys::open_below(kept_.project, place.path, O_RDONLY | O_DIRECTORY);
        bool const is_opaque = sys::is_opaque(upper.fd);
        std::vector<std::string> beneath;
        if (lower.fd.is_open())
            beneath = sys::entries_of(lower.fd, kMaxEntriesHere).value_or(beneath);
        Place here = place;
        here.in_repository = place.in_repository || is_repository(joined(*names, beneath));
        for (auto const& name : *names)
            judge(here, {upper.fd, name}, lower.fd);
        if (!is_opaque)
            return;
        for (auto const& name : beneath)
            if (!std::binary_search(names->begin(), names->end(), name))
                deleted(here, lower.fd, name);
    }

    void judge(Place const& here, sys::EntryName at, Fd const& lower)
    {
        Entry const above = sys::examine_entry(at.directory, at.name);
        if (sys::is_whiteout(above))
            return deleted(here, lower, at.name);
        Entry below{.error = ENOENT};
        if (lower.is_open())
            below = sys::examine_entry(lower, at.name);
        Change change;
        change.path = below_path(here, at.name);
        change.after = side_of(at.directory, at.name, above);
        change.before = below.error == 0 ? side_of(lower, at.name, below) : Side{};
        bool const goes_on = change.after.type == FileType::Directory;
        if (goes_on)
            open_.push_back(
                {change.path, change.before.type == FileType::Directory, here.in_repository});
        if (is_change(change, at, lower))
            add(here, std::move(change));
    }

    // Fills in what kind it is.
    bool is_change(Change& change, sys::EntryName at, Fd const& lower) const
    {
        auto const &before = change.before, &after = change.after;
        change.kind = before.type == FileType::Nothing ? ChangeKind::Added
                      : before.type != after.type      ? ChangeKind::TypeChanged
                                                       : ChangeKind::Modified;
        if (change.kind != ChangeKind::Modified)
            return true;
        if (after.type == FileType::Link)
            return before.target != after.target;
        change.has_new_content =
            after.type == FileType::File
            && (before.size != after.size || after.size > kMaxCompared || !same_content(at, lower));
        return change.has_new_content || before.mode != after.mode;
    }

    static bool same_content(sys::EntryName at, Fd const& lower)
    {
        constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
        auto const above = sys::open_entry(at.directory, at.name, {kFlags, 0, sys::kNoLinks});
        auto const below = sys::open_entry(lower, at.name, {kFlags, 0, sys::kNoLinks});
        return above.ok() && below.ok() && sys::same_bytes(above.fd, below.fd);
    }

    void deleted(Place const& here, Fd const& lower, std::string const& name)
    {
        if (!lower.is_open())
            return;
        Entry const below = sys::examine_entry(lower, name);
        if (below.error != 0)
            return; // it is gone outside, too
        Change change;
        change.path = below_path(here, name);
        change.kind = ChangeKind::Deleted;
        change.before = side_of(lower, name, below);
        add(here, std::move(change));
    }

    void add(Place const& here, Change change)
    {
        if (list_.changes.size() >= limit_) {
            list_.is_whole = false;
            open_.clear();
            return;
        }
        change.guarded = guards_.reason(change);
        if (change.guarded.empty() && here.in_repository)
            change.guarded = "a git repository";
        // A commit is brought by naming .git; what git would run is not brought along.
        change.is_named_itself =
            (here.in_repository || has_git_part(change.path)) && commands_git(change.path);
        if (change.after.type >= FileType::Fifo)
            change.never = "only files, folders and links are";
        bool const was_folder = change.before.type == FileType::Directory;
        bool const goes_away = change.after.type != FileType::Directory;
        // The time of a folder that stays changes with each name in it, by what is applied, too.
        if (is_later(change.before) && (!was_folder || goes_away))
            change.conflict = "it was changed outside since the session began";
        if (was_folder && goes_away)
            look_into(change);
        list_.changes.push_back(std::move(change));
    }

    // A whole folder goes away: what came into it since, and what in it is protected, shows.
    void look_into(Change& change)
    {
        std::deque<std::string> open{change.path};
        while (!open.empty()) {
            std::string const path = std::move(open.front());
            open.pop_front();
            auto const directory = sys::open_below(kept_.project, path, O_RDONLY | O_DIRECTORY);
            auto const names =
                directory.ok() ? sys::entries_of(directory.fd, kMaxEntriesHere) : std::nullopt;
            if (!names || change.below > kMaxChanges) {
                change.conflict = "not all of it can be looked at";
                return;
            }
            if (change.guarded.empty() && is_repository(*names))
                change.guarded = "a git repository";
            for (auto const& name : *names)
                look_at_inner(change, directory.fd, path + "/" + name, open);
        }
    }

    void look_at_inner(Change& change, Fd const& directory, std::string const& path,
        std::deque<std::string>& open) const
    {
        std::string const name = path.substr(path.rfind('/') + 1);
        Change inner;
        inner.path = path;
        inner.before = side_of(directory, name, sys::examine_entry(directory, name));
        ++change.below;
        if (is_later(inner.before) && change.conflict.empty())
            change.conflict = path.substr(change.path.size() + 1) + " in it was changed outside";
        if (auto const reason = guards_.reason(inner); change.guarded.empty() && !reason.empty())
            change.guarded = path.substr(change.path.size() + 1) + " in it: " + reason;
        if (inner.before.type == FileType::Directory)
            open.push_back(path);
    }

    bool is_later(Side const& side) const
    {
        return side.type != FileType::Nothing
               && side.changed_ns / kNanosecondsPerMicrosecond > kept_.about.started_us;
    }

    void could_not(std::string const& path, int error)
    {
        list_.unknown.push_back(
            (path.empty() ? "." : path) + ": cannot be read"
            + (error == EACCES ? " (the agent took the right to read it away)" : ""));
    }

    static std::string below_path(Place const& place, std::string const& name)
    {
        return place.path.empty() ? name : place.path + "/" + name;
    }

    KeptChanges const& kept_;
    ChangeGuards guards_;
    std::size_t limit_;
    std::deque<Place> open_;
    ChangeList list_;
};

} // namespace

ChangeList find_changes(KeptChanges const& kept, std::size_t limit)
{
    return Walk(kept, limit).run();
}

ChangeCounts count_changes(std::string const& parent, std::string const& session)
{
    auto const kept = open_changes(parent, session, Use::Look);
    return kept.ok() ? count(find_changes(*kept, kSummaryChanges)) : ChangeCounts{};
}

} // namespace osh::launcher
