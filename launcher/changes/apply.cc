#include "launcher/changes/apply.h"

#include "launcher/changes/choose.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/tree_calls.h"
#include "policy/base/text.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace osh::launcher
{
namespace
{

using sys::Fd;

constexpr std::size_t kNameDigits = 12;
constexpr unsigned kPermissions = 0777; // set-id bits are never applied
constexpr unsigned kOwner = 0700;
constexpr std::size_t kAnySize = std::size_t{1} << 50; // a file that big is on no disk

struct PathParts {
    std::string directory, name;
};

PathParts parts_of(std::string const& path)
{
    std::size_t const slash = path.rfind('/');
    if (slash == std::string::npos)
        return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

std::unexpected<Error> refused(int error, std::string const& what)
{
    return fail_errno(error, what);
}

// One change, in its place of the real project.
class Act
{
public:
    Act(KeptChanges const& kept, Fd const& trash, Change const& change)
        : kept_(kept), trash_(trash), change_(change), parts_(parts_of(change.path))
    {
    }

    Result<> run()
    {
        auto parent = sys::open_below(kept_.project, parts_.directory, O_RDONLY | O_DIRECTORY);
        if (!parent.ok())
            return refused(parent.error, "its folder in the project cannot be opened");
        parent_ = std::move(parent.fd);
        LET(place, sys::examine_surely(parent_));
        LET(trash, sys::examine_surely(trash_));
        is_staged_aside_ = place.device == trash.device;
        TRY(check_unchanged());
        if (change_.before.type == FileType::Directory && change_.after.type != FileType::Directory)
            TRY(remove_folder());
        switch (change_.after.type) {
        case FileType::Nothing: return remove_file();
        case FileType::Directory: return bring_folder();
        case FileType::File: return bring_file();
        case FileType::Link: return bring_link();
        default: return fail(Errc::Denied, "only files, folders and links are applied");
        }
    }

    // Once all that lies in the folder has been brought.
    Result<> finish_folder() const
    {
        auto const folder = sys::open_below(kept_.project, change_.path, O_RDONLY | O_DIRECTORY);
        if (!folder.ok())
            return refused(folder.error, "the folder cannot be opened");
        return set_folder_mode(folder.fd, change_.after.mode);
    }

private:
    // Between the look and the act: another program of the host may work in the project.
    Result<> check_unchanged() const
    {
        auto const now = sys::examine_entry(parent_, parts_.name);
        bool const was_there = change_.before.type != FileType::Nothing;
        bool const is_there = now.error != ENOENT;
        bool const was_folder = change_.before.type == FileType::Directory;
        bool const is_same = now.inode == change_.before.inode
                             && (was_folder || now.changed_ns == change_.before.changed_ns);
        if (is_there == was_there && (!is_there || is_same))
            return {};
        return fail(Errc::Busy, "it is being changed outside at this moment");
    }

    Result<> remove_file() const
    {
        if (change_.before.type == FileType::Directory)
            return {}; // gone
        int const error = sys::remove_entry({parent_, parts_.name});
        if (error != 0)
            return refused(error, "cannot be removed");
        return {};
    }

    // Out of the project with one rename where both lie on one file system.
    Result<> remove_folder() const
    {
        std::string const name = sys::random_hex(kNameDigits);
        int error = sys::rename_entry({parent_, parts_.name}, {trash_, name}, RENAME_NOREPLACE);
        if (error == EXDEV)
            error = sys::remove_tree({parent_, parts_.name});
        if (error != 0)
            return refused(error, "the folder cannot be removed");
        return {};
    }

    Result<> bring_folder() const
    {
        int error = 0;
        if (change_.kind == ChangeKind::TypeChanged)
            error = sys::remove_entry({parent_, parts_.name});
        if (error == 0 && change_.kind != ChangeKind::Modified)
            error = sys::make_directory_entry({parent_, parts_.name}, 0700);
        if (error != 0)
            return refused(error, "the folder cannot be made");
        auto const folder = sys::open_below(parent_, parts_.name, O_RDONLY | O_DIRECTORY);
        if (!folder.ok())
            return refused(folder.error, "the folder cannot be opened");
        // Its own mode comes last: what lies in it must be written first.
        return set_folder_mode(folder.fd, change_.after.mode | kOwner);
    }

    Result<> set_folder_mode(Fd const& folder, unsigned mode) const
    {
        unsigned const kept_bits =
            change_.kind == ChangeKind::Modified ? change_.before.mode & ~kPermissions : 0;
        int const error = sys::set_mode(folder, kept_bits | (mode & kPermissions));
        if (error != 0)
            return refused(error, "the folder's mode cannot be set");
        return {};
    }

    Result<> bring_file() const
    {
        auto const source = sys::open_below(kept_.upper, change_.path, O_RDONLY);
        if (!source.ok())
            return refused(source.error, "cannot be read");
        if (!sys::examine(source.fd).is_regular())
            return fail(Errc::Denied, "is no file any more");
        std::string const temporary = temporary_name();
        auto made = sys::new_nameless_file(stage(), 0600);
        bool const has_name = !made.ok();
        if (has_name) // not every file system has files without a name
            made = sys::open_entry(stage(), temporary,
                {O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, sys::kNoLinks});
        if (!made.ok())
            return refused(made.error, "cannot be written");
        auto filled = fill(source.fd, made.fd);
        if (!has_name && filled.ok() && !replaces())
            return put_new_in_place(made.fd);
        if (!has_name && filled.ok())
            filled =
                done_or(sys::link_open_file(made.fd, {stage(), temporary}), "cannot be written");
        return filled.ok() ? put_in_place(temporary) : cleaned(temporary, std::move(filled));
    }

    Result<> fill(Fd const& source, Fd const& into) const
    {
        TRY(sys::copy_all(source, into, kAnySize));
        return done_or(
            sys::set_mode(into, change_.after.mode & kPermissions), "its mode cannot be set");
    }

    Result<> bring_link() const
    {
        std::string const temporary = temporary_name();
        int const error = sys::make_link_entry({stage(), temporary}, change_.after.target);
        if (error != 0)
            return refused(error, "the link cannot be made");
        return put_in_place(temporary);
    }

    // Outside of the project where that is possible: nothing half-done is ever seen in it.
    Fd const& stage() const { return is_staged_aside_ ? trash_ : parent_; }
    bool replaces() const
    {
        return change_.before.type != FileType::Nothing
               && change_.before.type != FileType::Directory;
    }

    Result<> put_new_in_place(Fd const& nameless) const
    {
        return done_or(
            sys::link_open_file(nameless, {parent_, parts_.name}), "cannot be put in its place");
    }

    // What is new replaces nothing, whoever made it meanwhile.
    Result<> put_in_place(std::string const& temporary) const
    {
        int const error = sys::rename_entry(
            {stage(), temporary}, {parent_, parts_.name}, replaces() ? 0 : RENAME_NOREPLACE);
        return cleaned(temporary, done_or(error, "cannot be put in its place"));
    }

    Result<> cleaned(std::string const& temporary, Result<> done) const
    {
        if (!done.ok())
            (void)sys::remove_entry({stage(), temporary});
        return done;
    }

    static Result<> done_or(int error, std::string const& what)
    {
        if (error != 0)
            return refused(error, what);
        return {};
    }

    static std::string temporary_name() { return ".osh-apply-" + sys::random_hex(kNameDigits); }

    KeptChanges const& kept_;
    Fd const& trash_;
    Change const& change_;
    PathParts parts_;
    Fd parent_;
    bool is_staged_aside_ = false; // the project and the changes lie on one file system
};

// Takes what was applied out of the upper layer.
class Settlement
{
public:
    explicit Settlement(KeptChanges const& kept) : kept_(kept) {}

    int run(std::vector<Change> const& applied)
    {
        int error = sys::flush(kept_.project);
        for (auto const& change : applied) {
            if (error == 0 && change.after.type == FileType::Directory)
                error = open_layer(change.path);
            if (error == 0)
                error = open_layer(parts_of(change.path).directory);
        }
        for (auto change = applied.rbegin(); change != applied.rend() && error == 0; ++change)
            error = take_out(*change);
        return error;
    }

private:
    // An opaque folder says: all that is not here is deleted. Said name by name, something may be
    // taken out of it.
    int open_layer(std::string const& path)
    {
        if (path == opened_)
            return 0;
        opened_ = path;
        auto const upper = sys::open_below(kept_.upper, path, O_RDONLY | O_DIRECTORY);
        if (!upper.ok())
            return upper.error == ENOENT ? 0 : upper.error;
        if (!sys::is_opaque(upper.fd))
            return 0;
        auto const lower = sys::open_below(kept_.project, path, O_RDONLY | O_DIRECTORY);
        if (!lower.ok())
            return lower.error == ENOENT ? 0 : lower.error;
        auto const names = sys::entries_of(lower.fd, kMostNames);
        if (!names)
            return EOVERFLOW;
        for (auto const& name : *names) {
            int const error = sys::make_whiteout({upper.fd, name});
            if (error != 0 && error != EEXIST)
                return error;
        }
        return sys::clear_opaque(upper.fd);
    }

    int take_out(Change const& change) const
    {
        auto const parts = parts_of(change.path);
        auto const parent = sys::open_below(kept_.upper, parts.directory, O_RDONLY | O_DIRECTORY);
        if (!parent.ok())
            return parent.error == ENOENT ? 0 : parent.error;
        sys::EntryName const at{parent.fd, parts.name};
        if (change.after.type == FileType::Directory) {
            (void)sys::remove_directory_entry(at); // with something in it, it stays
            return 0;
        }
        int error = sys::remove_entry(at);
        if (error == EACCES) { // the agent made its folder read-only afterwards
            auto const folder = sys::examine(parent.fd);
            if (folder.error != 0)
                return error;
            unsigned const mode = folder.mode & kPermissions;
            (void)sys::set_mode(parent.fd, mode | kOwner);
            error = sys::remove_entry(at);
            (void)sys::set_mode(parent.fd, mode);
        }
        return error == ENOENT ? 0 : error;
    }

    static constexpr std::size_t kMostNames = 1'000'000;
    KeptChanges const& kept_;
    std::string opened_ = "/"; // no path of a change
};

bool ends_everything(Error const& error)
{
    return error.sys_errno == ENOSPC || error.sys_errno == EDQUOT || error.sys_errno == EROFS
           || error.sys_errno == EIO;
}

// From the innermost outwards.
void finish_folders(KeptChanges const& kept, Fd const& trash, ApplyOutcome& outcome)
{
    for (auto change = outcome.applied.rbegin(); change != outcome.applied.rend(); ++change) {
        if (change->after.type != FileType::Directory)
            continue;
        auto const done = Act(kept, trash, *change).finish_folder();
        if (!done.ok() && outcome.trouble.empty())
            outcome.trouble = change->path + ": " + done.error().sentence;
    }
}

} // namespace

ApplyOutcome apply_changes(KeptChanges const& kept, ChangeList const& list, ApplyWish const& wish)
{
    auto chosen = choose(list, wish);
    ApplyOutcome outcome;
    outcome.left = std::move(chosen.left);
    outcome.unknown_paths = std::move(chosen.unknown_paths);
    if (wish.is_trial) {
        outcome.applied = std::move(chosen.wanted);
        return outcome;
    }
    auto const trash = sys::open_or_make_private_folder(kept.folder, kTrash);
    if (!trash.ok()) {
        outcome.trouble = trash.error().sentence;
        return outcome;
    }
    for (auto& change : chosen.wanted) {
        if (!outcome.trouble.empty())
            break;
        auto const done = Act(kept, *trash, change).run();
        if (done.ok())
            outcome.applied.push_back(std::move(change));
        else if (ends_everything(done.error()))
            outcome.trouble = change.path + ": " + done.error().sentence;
        else
            outcome.left.push_back({std::move(change), done.error().sentence});
    }
    finish_folders(kept, *trash, outcome);
    if (int const error = Settlement(kept).run(outcome.applied); error != 0)
        outcome.trouble =
            fail_errno(error, "what was applied could not be taken off the list").error().sentence;
    (void)sys::remove_tree({kept.folder, kTrash});
    return outcome;
}

} // namespace osh::launcher
