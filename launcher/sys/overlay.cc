#include "launcher/sys/overlay.h"

#include "launcher/sys/entry_calls.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/process.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

struct NamedMagic {
    std::uint64_t magic;
    std::string_view name;
};

// statfs(2), linux/magic.h; those that people have a home or a project on.
constexpr std::array kFileSystems{NamedMagic{0xef53, "ext4"}, NamedMagic{0x9123683e, "btrfs"},
    NamedMagic{0x58465342, "xfs"}, NamedMagic{0x01021994, "tmpfs"}, NamedMagic{0x6969, "NFS"},
    NamedMagic{0x794c7630, "overlayfs"}, NamedMagic{0x65735546, "FUSE"}, NamedMagic{0x4d44, "FAT"},
    NamedMagic{0x2fc12fc1, "ZFS"}, NamedMagic{0xf2f52010, "f2fs"}, NamedMagic{0x01021997, "9p"},
    NamedMagic{0xff534d42, "CIFS"}, NamedMagic{0xfe534d42, "SMB"}, NamedMagic{0xf15f, "eCryptfs"},
    NamedMagic{0xca451a4e, "bcachefs"}, NamedMagic{0x2011bab0, "exFAT"},
    NamedMagic{0x7366746e, "NTFS"}};

// By descriptors: no path is walked again, none needs its colons escaped, and what the sandbox's
// own mount table shows of the layers are three numbers.
int configure(Fd const& context, OverlayParts const& parts)
{
    struct {
        char const* key;
        Fd const& place;
    } const layers[] = {
        {"lowerdir", parts.lower}, {"upperdir", parts.upper}, {"workdir", parts.work}};
    for (auto const& layer : layers)
        if (::fsconfig(
                context.raw(), FSCONFIG_SET_STRING, layer.key, own_link_of(layer.place).c_str(), 0)
            != 0)
            return errno;
    if (::fsconfig(context.raw(), FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) != 0)
        return errno;
    return ::fsconfig(context.raw(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0 ? errno : 0;
}

// Without extended attributes overlayfs would start and refuse to remove directories later.
int attribute_error(Fd const& upper)
{
    std::string const path = own_link_of(upper);
    if (::setxattr(path.c_str(), "user.osh.try", "1", 1, 0) != 0)
        return errno;
    ::removexattr(path.c_str(), "user.osh.try");
    return 0;
}

struct Made {
    Fd context;
    int error = 0;
};

Made make_context(OverlayParts const& parts)
{
    Made made;
    made.error = attribute_error(parts.upper);
    if (made.error != 0)
        return made;
    made.context = Fd::adopt_raw_fd(::fsopen("overlay", FSOPEN_CLOEXEC));
    made.error = made.context.is_open() ? configure(made.context, parts) : errno;
    return made;
}

// fsopen(2): the kernel's words, "e overlay: …".
std::string kernel_words(Fd const& context)
{
    std::array<char, 512> text{};
    if (!context.is_open())
        return {};
    ssize_t const count = ::read(context.raw(), text.data(), text.size());
    return count > 2
               ? " (" + std::string(text.data() + 2, static_cast<std::size_t>(count - 2)) + ")"
               : std::string();
}

// By its path: a descriptor leads to the mount of another namespace, of which no layer can be.
int try_in_child(std::string const& path, std::uint32_t uid, std::uint32_t gid)
{
    auto const proc = open_path("/proc", O_PATH | O_DIRECTORY);
    become_dumpable();
    if (!proc.ok() || !map_identity(*proc, uid, gid).ok())
        return EPERM;
    auto const opened = open_path(path, O_PATH | O_DIRECTORY);
    if (!opened.ok())
        return EIO;
    Fd const& place = *opened;
    auto const lower = open_in(place, "lower", O_PATH | O_DIRECTORY);
    auto const upper = open_in(place, "upper", O_PATH | O_DIRECTORY);
    auto const work = open_in(place, "work", O_PATH | O_DIRECTORY);
    if (!lower.ok() || !upper.ok() || !work.ok())
        return EIO;
    return make_context({*lower, *upper, *work}).error;
}

// Where it cannot make its folder in `work`, overlayfs mounts all the same, for reading only.
bool is_read_only(Fd const& mount)
{
    struct statfs found {
    };
    return ::fstatfs(mount.raw(), &found) != 0 || (found.f_flags & ST_RDONLY) != 0;
}

bool is_known_to_work(std::string_view file_system)
{
    for (auto const* name : {"ext4", "xfs", "btrfs", "tmpfs", "f2fs", "bcachefs"})
        if (file_system.starts_with(name))
            return true;
    return false;
}

int wait_for_status(Child const& child)
{
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

} // namespace

Result<Fd> new_overlay(OverlayParts const& parts, MountFlags flags)
{
    auto const made = make_context(parts);
    if (made.error != 0)
        return std::unexpected(Error{Errc::Unsupported, made.error,
            overlay_problem(made.error, file_system_of(parts.upper) + kernel_words(made.context))});
    unsigned attributes = MOUNT_ATTR_NOSUID;
    attributes |= flags.no_dev ? MOUNT_ATTR_NODEV : 0U;
    attributes |= flags.no_exec ? MOUNT_ATTR_NOEXEC : 0U;
    Fd mount = Fd::adopt_raw_fd(::fsmount(made.context.raw(), FSMOUNT_CLOEXEC, attributes));
    if (!mount.is_open())
        return fail_errno(errno, "fsmount overlay");
    if (is_read_only(mount))
        return fail(Errc::Unsupported,
            overlay_problem(EROFS, file_system_of(parts.upper) + kernel_words(made.context)));
    return mount;
}

int try_overlay(Fd const& parent)
{
    std::string const name = ".osh-try-" + random_hex(8);
    auto const place = make_private_folder(parent, name);
    if (!place.ok())
        return place.error().sys_errno != 0 ? place.error().sys_errno : EACCES;
    int error = 0;
    for (auto const* part : {"lower", "upper", "work"})
        error = error != 0 ? error : make_directory_entry({*place, part}, 0700);
    std::uint32_t const uid = ::getuid(), gid = ::getgid();
    if (error == 0) {
        auto child = clone_process({.user = true, .mount = true},
            [&] { return try_in_child(own_path_of(*place), uid, gid); });
        error = child.ok() ? wait_for_status(*child) : EPERM;
    }
    if (auto const work = open_in(*place, "work", O_RDONLY | O_DIRECTORY); work.ok())
        remove_folder_in(*work, "work"); // overlayfs made it
    for (auto const* part : {"lower", "upper", "work"})
        remove_folder_in(*place, part);
    remove_folder_in(parent, name);
    return error;
}

std::string overlay_problem(int error, std::string const& file_system)
{
    std::string const elsewhere =
        "\nfix: 1. set XDG_STATE_HOME to a folder of yours on ext4, xfs, btrfs or (Linux 6.6) "
        "tmpfs; 2. run with --ro, or give the profile project = \"rw\".";
    auto const sentence = [&](std::string const& why) {
        return why + elsewhere + "\nhelp: man 1 osh-changes (overlay)";
    };
    switch (error) {
    case ENODEV:
        return "this kernel has no overlayfs, which project = \"overlay\" needs.\nfix: 1. sudo "
               "modprobe overlay; 2. run with --ro, or give the profile project = \"rw\".\n"
               "help: man 1 osh-changes (overlay)";
    case EPERM:
    case EACCES:
        return "the kernel lets no ordinary user make an overlay of the project (needs Linux 5.11, "
               "and neither AppArmor nor SELinux against it).\nfix: 1. `osh doctor` looks at user "
               "namespaces; 2. run with --ro, or give the profile project = \"rw\".\n"
               "help: man 1 osh-changes (overlay)";
    case EOPNOTSUPP:
        return sentence("the changes of an overlay project cannot be kept on " + file_system
                        + ", which has no extended attributes of users.");
    case ELOOP:
        return sentence("the folder where the changes would be kept lies inside the project.");
    case ENOSPC:
    case EDQUOT: return sentence("no space is left where the changes would be kept.");
    case EINVAL:
        if (is_known_to_work(file_system))
            return "the kernel cannot lay an overlay over the project: another file system is "
                   "mounted "
                   "somewhere inside it, or its own cannot be a lower layer.\nfix: 1. start in a "
                   "folder without the mount, or unmount it; 2. run with --ro, or give the profile "
                   "project = \"rw\".\nhelp: man 1 osh-changes (overlay)";
        return sentence("the kernel cannot keep the changes of an overlay project on " + file_system
                        + " (a container's own overlay, a network file system).");
    default:
        return sentence("no overlay of the project can be made: " + std::to_string(error) + ", on "
                        + file_system + ".");
    }
}

std::string file_system_of(Fd const& place)
{
    struct statfs found {
    };
    if (::fstatfs(place.raw(), &found) != 0)
        return "an unknown file system";
    auto const magic = static_cast<std::uint32_t>(found.f_type);
    for (auto const& known : kFileSystems)
        if (known.magic == magic)
            return std::string(known.name);
    return "file system " + std::to_string(magic);
}

} // namespace osh::sys
