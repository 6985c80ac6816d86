#include "launcher/sys/entry_calls.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

int base_of(Fd const& fd)
{
    return fd.is_open() ? fd.raw() : AT_FDCWD;
}

int error_of(long result)
{
    return result < 0 ? errno : 0;
}

Entry entry_of(struct stat const& found)
{
    Entry entry;
    entry.device = found.st_dev;
    entry.inode = found.st_ino;
    entry.links = found.st_nlink;
    entry.size = static_cast<std::uint64_t>(found.st_size);
    entry.mode = found.st_mode;
    entry.uid = found.st_uid;
    entry.gid = found.st_gid;
    entry.changed_ns = found.st_ctim.tv_sec * 1'000'000'000 + found.st_ctim.tv_nsec;
    entry.special = major(found.st_rdev) << 8 | minor(found.st_rdev);
    return entry;
}

} // namespace

bool Entry::is_directory() const
{
    return error == 0 && S_ISDIR(mode);
}
bool Entry::is_regular() const
{
    return error == 0 && S_ISREG(mode);
}
bool Entry::is_link() const
{
    return error == 0 && S_ISLNK(mode);
}
bool Entry::is_socket() const
{
    return error == 0 && S_ISSOCK(mode);
}

bool Entry::is_fifo() const
{
    return error == 0 && S_ISFIFO(mode);
}
bool Entry::is_device() const
{
    return error == 0 && S_ISCHR(mode);
}

Opened open_entry(Fd const& base, std::string const& path, OpenWish wish)
{
    open_how how{};
    how.flags = wish.flags | O_CLOEXEC;
    constexpr std::uint64_t kLargeFile = 0100000; // openat2(2) does not imply it; glibc has it as 0
    if ((wish.flags & O_PATH) == 0)
        how.flags |= O_NOCTTY | kLargeFile;
    how.mode = wish.mode;
    how.resolve = wish.resolve;
    long raw = -1;
    int tries = 0;
    constexpr int kMostTries = 32; // EAGAIN: a rename raced with a ".."
    do
        raw = ::syscall(SYS_openat2, base_of(base), path.c_str(), &how, sizeof how);
    while (raw < 0 && (errno == EINTR || (errno == EAGAIN && wish.resolve != 0))
           && ++tries < kMostTries);
    if (raw < 0)
        return {Fd(), errno};
    return {Fd::adopt_raw_fd(static_cast<int>(raw)), 0};
}

Opened open_here(std::string const& path, std::uint64_t flags)
{
    return open_entry(Fd(), path, {flags, 0, 0});
}

Entry examine(Fd const& fd)
{
    struct stat found {
    };
    if (::fstat(fd.raw(), &found) != 0)
        return {.error = errno};
    return entry_of(found);
}

Result<Entry> examine_surely(Fd const& fd)
{
    Entry const found = examine(fd);
    if (found.error != 0)
        return fail_errno(found.error, "fstat");
    return found;
}

Entry examine_entry(Fd const& base, std::string const& name)
{
    struct stat found {
    };
    if (::fstatat(base_of(base), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
        return {.error = errno};
    return entry_of(found);
}

std::optional<MountOf> mount_of(Fd const& fd)
{
    struct statx found {
    };
    constexpr unsigned kMountId = 0x1000; // STATX_MNT_ID
    constexpr std::uint64_t kMountRoot = 0x2000;
    if (::statx(fd.raw(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, kMountId, &found) != 0
        || (found.stx_mask & kMountId) == 0)
        return std::nullopt;
    return MountOf{found.stx_mnt_id, (found.stx_attributes & kMountRoot) != 0};
}

bool have_mounts_changed(Fd const& mountinfo)
{
    pollfd question{mountinfo.raw(), POLLPRI, 0};
    return ::poll(&question, 1, 0) != 0; // when in doubt, yes
}

bool entry_exists(Fd const& base, char const* name)
{
    struct stat found {
    };
    return ::fstatat(base_of(base), name, &found, AT_SYMLINK_NOFOLLOW) == 0
           || (errno != ENOENT && errno != ENOTDIR);
}

int make_directory_entry(EntryName at, unsigned mode)
{
    return error_of(::mkdirat(at.directory.raw(), at.name.c_str(), mode));
}

int make_node_entry(EntryName at, unsigned mode)
{
    return error_of(::mknodat(at.directory.raw(), at.name.c_str(), mode, 0));
}

int make_link_entry(EntryName at, std::string const& target)
{
    return error_of(::symlinkat(target.c_str(), at.directory.raw(), at.name.c_str()));
}

int rename_entry(EntryName from, EntryName to, unsigned flags)
{
    return error_of(::syscall(SYS_renameat2, from.directory.raw(), from.name.c_str(),
        to.directory.raw(), to.name.c_str(), flags));
}

int link_entry(EntryName from, EntryName to)
{
    return error_of(
        ::linkat(from.directory.raw(), from.name.c_str(), to.directory.raw(), to.name.c_str(), 0));
}

int link_open_file(Fd const& file, EntryName to)
{
    return error_of(::linkat(AT_FDCWD, own_link_of(file).c_str(), to.directory.raw(),
        to.name.c_str(), AT_SYMLINK_FOLLOW));
}

int remove_entry(EntryName at)
{
    return error_of(::unlinkat(at.directory.raw(), at.name.c_str(), 0));
}

std::string link_text(Fd const& base, std::string const& name)
{
    std::array<char, PATH_MAX> text{};
    ssize_t const length = ::readlinkat(base_of(base), name.c_str(), text.data(), text.size());
    return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

std::string own_link_of(Fd const& fd)
{
    return "/proc/self/fd/" + std::to_string(fd.raw());
}

std::string own_path_of(Fd const& fd)
{
    return link_text(Fd(), own_link_of(fd));
}

int status_flags(Fd const& fd)
{
    return ::fcntl(fd.raw(), F_GETFL);
}

void clear_nonblocking(Fd const& fd)
{
    int const flags = status_flags(fd);
    if (flags >= 0)
        ::fcntl(fd.raw(), F_SETFL, flags & ~O_NONBLOCK);
}

bool has_input_or_end(Fd const& fd)
{
    pollfd question{fd.raw(), POLLIN, 0};
    return ::poll(&question, 1, 0) == 1 && (question.revents & (POLLIN | POLLHUP)) != 0;
}

unsigned set_umask(unsigned mask)
{
    return ::umask(mask);
}

int read_remote_text(std::int32_t thread, std::uint64_t address, std::string& into)
{
    constexpr std::uint64_t kPage = 4096;
    std::array<char, PATH_MAX> text{};
    // Split at the page: a transfer is whole per part, and the next page need not be there.
    std::size_t const first = std::min<std::uint64_t>(kPage - address % kPage, text.size());
    iovec const here{text.data(), text.size()};
    std::array<iovec, 2> const there{iovec{reinterpret_cast<void*>(address), first},
        iovec{reinterpret_cast<void*>(address + first), text.size() - first}};
    unsigned long const parts = first < text.size() ? 2 : 1;
    ssize_t const count = ::process_vm_readv(thread, &here, 1, there.data(), parts, 0);
    if (count <= 0)
        return count == 0 ? EFAULT : errno;
    std::size_t const length = ::strnlen(text.data(), static_cast<std::size_t>(count));
    if (length == static_cast<std::size_t>(count))
        return length == text.size() ? ENAMETOOLONG : EFAULT;
    into.assign(text.data(), length);
    return 0;
}

std::string read_start(Fd const& file, std::size_t limit)
{
    std::string text(limit, '\0');
    ssize_t const count = ::pread(file.raw(), text.data(), limit, 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

int cut_file(Fd const& file, std::uint64_t length)
{
    return error_of(::ftruncate(file.raw(), static_cast<off_t>(length)));
}

void wait_for(Fd const& fd, int milliseconds)
{
    pollfd question{fd.raw(), POLLIN, 0};
    ::poll(&question, 1, milliseconds);
}

void wait_for_either(Fd const& one, Fd const& other, Duration limit)
{
    std::array<pollfd, 2> questions{{{one.raw(), POLLIN, 0}, {other.raw(), POLLIN, 0}}};
    ::poll(questions.data(), questions.size(), static_cast<int>(limit / 1ms));
}

} // namespace osh::sys
