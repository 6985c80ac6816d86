// mount_setattr(2), open_tree(2), move_mount(2), fsopen(2), pivot_root(2), openat2(2).

#include "launcher/sys/mount.h"

#include "launcher/sys/io.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

std::uint64_t attributes_of(MountFlags flags)
{
    std::uint64_t bits = 0;
    bits |= flags.read_only ? MOUNT_ATTR_RDONLY : 0;
    bits |= flags.no_exec ? MOUNT_ATTR_NOEXEC : 0;
    bits |= flags.no_dev ? MOUNT_ATTR_NODEV : 0;
    bits |= flags.no_suid ? MOUNT_ATTR_NOSUID : 0;
    return bits;
}

// Paths inside are written with a leading slash; *at calls below a base want none.
char const* relative(std::string const& path)
{
    std::size_t const start = path.find_first_not_of('/');
    return start == std::string::npos ? "." : path.c_str() + start;
}

Result<Fd> open_place(int base, char const* path, std::uint64_t resolve, Links links)
{
    struct open_how how {
    };
    how.flags = O_PATH | O_CLOEXEC;
    if (links == Links::Refuse)
        resolve |= RESOLVE_NO_SYMLINKS;
    how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
    long const raw = ::syscall(SYS_openat2, base, path, &how, sizeof how);
    if (raw < 0)
        return fail_errno(errno, std::string("cannot look up ") + path);
    return Fd::adopt_raw_fd(static_cast<int>(raw));
}

} // namespace

Result<Fd> new_mount(std::string const& type, MountOptions const& options, MountFlags flags)
{
    Fd context = Fd::adopt_raw_fd(::fsopen(type.c_str(), FSOPEN_CLOEXEC));
    if (!context.is_open())
        return fail_errno(errno, "fsopen " + type);
    for (auto const& [key, value] : options) {
        bool const is_flag = value.empty();
        unsigned const command = is_flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (::fsconfig(context.raw(), command, key.c_str(), is_flag ? nullptr : value.c_str(), 0)
            != 0)
            return fail_errno(errno, "fsconfig " + type + " " + key + "=" + value);
    }
    if (::fsconfig(context.raw(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return fail_errno(errno, "cannot make a " + type + " file system");
    Fd mount = Fd::adopt_raw_fd(
        ::fsmount(context.raw(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes_of(flags))));
    if (!mount.is_open())
        return fail_errno(errno, "fsmount " + type);
    return mount;
}

Result<Fd> clone_mount(Fd const& place)
{
    unsigned const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
    Fd tree = Fd::adopt_raw_fd(::open_tree(place.raw(), "", flags));
    if (!tree.is_open())
        return fail_errno(errno, "open_tree");
    return tree;
}

Result<> restrict_mount(Fd const& mount, MountFlags flags, Depth depth)
{
    mount_attr attr{};
    attr.attr_set = attributes_of(flags);
    unsigned const how = AT_EMPTY_PATH | (depth == Depth::Tree ? AT_RECURSIVE : 0U);
    if (::mount_setattr(mount.raw(), "", how, &attr, sizeof attr) != 0)
        return fail_errno(errno, "mount_setattr");
    return {};
}

Result<> attach_mount(Fd const& mount, Fd const& onto)
{
    unsigned const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (::move_mount(mount.raw(), "", onto.raw(), "", flags) != 0)
        return fail_errno(errno, "move_mount");
    return {};
}

Result<> make_all_private()
{
    mount_attr attr{};
    attr.propagation = MS_PRIVATE;
    if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof attr) != 0)
        return fail_errno(errno, "cannot make the mounts private");
    return {};
}

Result<> enter_root(Fd const& root)
{
    // pivot_root(2), "pivot_root(".", ".")": the old root ends up below the new one at the same
    // place, from where it is detached; no directory for it is ever needed.
    if (::fchdir(root.raw()) != 0)
        return fail_errno(errno, "cannot enter the new root");
    if (::syscall(SYS_pivot_root, ".", ".") != 0)
        return fail_errno(errno, "pivot_root");
    if (::umount2(".", MNT_DETACH) != 0)
        return fail_errno(errno, "cannot detach the old root");
    if (::chdir("/") != 0)
        return fail_errno(errno, "chdir /");
    return {};
}

Result<Fd> look_up(std::string const& path, Links links)
{
    return open_place(AT_FDCWD, path.c_str(), 0, links);
}

Result<Fd> look_up_in(Fd const& base, std::string const& path, Links links)
{
    return open_place(base.raw(), relative(path), RESOLVE_IN_ROOT, links);
}

Result<FileKind> kind_of(Fd const& fd)
{
    struct stat status {
    };
    if (::fstat(fd.raw(), &status) != 0)
        return fail_errno(errno, "fstat");
    FileKind kind;
    kind.is_directory = S_ISDIR(status.st_mode);
    kind.is_regular = S_ISREG(status.st_mode);
    kind.is_socket_or_fifo = S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode);
    kind.is_character = S_ISCHR(status.st_mode);
    kind.device = status.st_dev;
    kind.inode = status.st_ino;
    return kind;
}

Result<> make_directory(Fd const& base, std::string const& path, std::uint32_t mode)
{
    if (::mkdirat(base.raw(), relative(path), mode) != 0 && errno != EEXIST)
        return fail_errno(errno, "cannot make the directory " + path);
    return {};
}

Result<Fd> new_file(Fd const& base, std::string const& path, std::uint32_t mode)
{
    int const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    Fd file = Fd::adopt_raw_fd(::openat(base.raw(), relative(path), flags, mode));
    if (!file.is_open())
        return fail_errno(errno, "cannot make the file " + path);
    return file;
}

Result<> make_file(
    Fd const& base, std::string const& path, std::string_view content, std::uint32_t mode)
{
    LET(file, new_file(base, path, mode));
    return write_all(file, content);
}

Result<> make_symlink(Fd const& base, std::string const& path, std::string const& target)
{
    if (::symlinkat(target.c_str(), base.raw(), relative(path)) != 0 && errno != EEXIST)
        return fail_errno(errno, "cannot make the link " + path);
    return {};
}

Result<> make_parents(Fd const& base, std::string const& path)
{
    std::size_t const slash = path.rfind('/');
    if (slash == 0 || slash == std::string::npos)
        return {};
    // The nearest first: mostly it is there already.
    std::string const parent = path.substr(0, slash);
    if (::mkdirat(base.raw(), relative(parent), 0755) == 0 || errno == EEXIST)
        return {};
    if (errno != ENOENT)
        return fail_errno(errno, "cannot make the directory " + parent);
    TRY(make_parents(base, parent));
    return make_directory(base, parent, 0755);
}

} // namespace osh::sys
