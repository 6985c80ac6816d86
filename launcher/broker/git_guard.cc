#include "launcher/broker/git_guard.h"

#include "launcher/guard/git_config.h"
#include "launcher/guard/name_rules.h"
#include "launcher/sys/io.h"

#include <array>
#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr unsigned kPermissions = 0777;

Ruling refused(std::string why)
{
    return {EACCES, std::move(why)};
}

// Would git take configuration and hooks from here?
bool is_repository(sys::Fd const& directory)
{
    return sys::entry_exists(directory, "commondir")
           || (sys::entry_exists(directory, "objects") && sys::entry_exists(directory, "refs"));
}

struct FileText {
    int error = 0;
    unsigned mode = 0;
    std::string text;
};

FileText read_plain(sys::Fd const& directory, std::string const& name)
{
    auto const file = sys::open_entry(directory, name, {O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, 0});
    if (!file.ok())
        return {file.error, 0, {}};
    auto const entry = sys::examine(file.fd);
    if (!entry.is_regular())
        return {EINVAL, 0, {}};
    auto text = sys::read_all(file.fd, kMaxGitConfig);
    if (!text.ok())
        return {EFBIG, 0, {}};
    return {0, entry.mode & kPermissions, *std::move(text)};
}

// The same bytes in a new inode: descriptors and hard links of the old one lead elsewhere now.
int write_anew(sys::EntryName at, FileText const& content)
{
    if (int const error = sys::remove_entry(at); error != 0)
        return error;
    unsigned const mask = sys::set_umask(0);
    auto const file = sys::open_entry(
        at.directory, at.name, {O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, content.mode, 0});
    sys::set_umask(mask);
    if (!file.ok())
        return file.error;
    return sys::write_all(file.fd, content.text).ok() ? 0 : EIO;
}

Ruling make_config_safe(sys::Fd const& directory, std::string const& name, GitReach const& reach)
{
    auto const content = read_plain(directory, name);
    if (content.error == ENOENT)
        return {};
    if (content.error != 0)
        return refused(name + " is not a plain file");
    auto const checked = check_git_config({"", content.text, reach});
    if (!checked.ok())
        return refused(checked.error().sentence);
    return {write_anew({directory, name}, content), "cannot write it anew"};
}

Ruling make_hooks_safe(sys::Fd const& directory)
{
    auto const entry = sys::examine_entry(directory, "hooks");
    if (entry.error == ENOENT)
        return {};
    if (!entry.is_directory())
        return refused("hooks is not a directory");
    auto const hooks = sys::open_entry(directory, "hooks", {O_PATH | O_NOFOLLOW, 0, 0});
    if (!hooks.ok())
        return refused("hooks");
    for (auto const hook : git_hook_names())
        if (sys::entry_exists(hooks.fd, std::string(hook).c_str()))
            return refused("hooks/" + std::string(hook));
    return {};
}

// It becomes a repository with what it holds already.
Ruling make_repository_safe(GitSpot const& spot)
{
    for (char const* name : {"config", "config.worktree"}) {
        auto ruling = make_config_safe(spot.directory, name, spot.reach);
        if (ruling.error != 0)
            return ruling;
    }
    return make_hooks_safe(spot.directory);
}

bool completes_repository(GitSpot const& spot)
{
    if (spot.what == GitEntry::CommonDir)
        return true;
    char const* const other = lower_case(spot.name) == "refs" ? "objects" : "refs";
    return sys::entry_exists(spot.directory, other);
}

// Is this directory the `hooks` of a repository?
bool is_hooks_directory(sys::Fd const& directory)
{
    auto const above = sys::open_entry(directory, "..", {O_PATH | O_DIRECTORY, 0, 0});
    if (!above.ok()) // the agent must not be able to make us not see
        return true;
    if (!is_repository(above.fd))
        return false;
    auto const hooks = sys::examine_entry(above.fd, "hooks"), own = sys::examine(directory);
    if (own.error != 0 || (hooks.error != 0 && hooks.error != ENOENT))
        return true;
    return hooks.error == 0 && hooks.device == own.device && hooks.inode == own.inode;
}

Ruling refuse_if_repository(GitSpot const& spot)
{
    return is_repository(spot.directory) ? refused("git would obey it") : Ruling{};
}

} // namespace

Ruling may_make_git_name(GitSpot const& spot, MadeBy how)
{
    switch (spot.what) {
    case GitEntry::None: return {};
    case GitEntry::Store:
    case GitEntry::CommonDir:
        return completes_repository(spot) ? make_repository_safe(spot) : Ruling{};
    case GitEntry::Hooks: return how == MadeBy::Mkdir ? Ruling{} : refuse_if_repository(spot);
    case GitEntry::Config: return refuse_if_repository(spot);
    case GitEntry::Hook:
        return is_hooks_directory(spot.directory) ? refused("git would run it") : Ruling{};
    }
    return refused("unknown");
}

Ruling may_write_git_file(GitSpot const& spot)
{
    if (spot.what == GitEntry::Config)
        return refuse_if_repository(spot);
    if (spot.what == GitEntry::Hook && is_hooks_directory(spot.directory))
        return refused("git would run it");
    return {};
}

Ruling may_rename_to_git_name(sys::EntryName from, GitSpot const& to)
{
    if (to.what != GitEntry::Config || !is_repository(to.directory))
        return may_make_git_name(to, MadeBy::Other);
    if (lower_case(to.name) != to.name)
        return refused("git would obey it");
    auto const before = read_plain(to.directory, to.name);
    auto const after = read_plain(from.directory, from.name);
    if (before.error != 0 && before.error != ENOENT)
        return refused("what is in place is not a plain file");
    if (after.error != 0)
        return {after.error == ENOENT ? ENOENT : EACCES, "not a plain file"};
    auto const checked = check_git_config({before.text, after.text, to.reach});
    if (!checked.ok())
        return refused(checked.error().sentence);
    return {write_anew(from, after), "cannot write it anew"};
}

} // namespace osh::launcher
