#include "launcher/sys/proc_view.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kMaxLink = 4096, kMaxShortLink = 64;
constexpr std::size_t kFirstRead = 4096;
constexpr std::size_t kListing = 8 * 1024; // bytes of entries fetched with one call
constexpr std::string_view kSocket = "socket:[";

// readdir(3) without its buffer of 32 KiB and three more calls per directory. Entries as getdents64
// (getdents(2)) lays them out; the kernel ends each name with a NUL.
bool list_entries(
    int directory, std::size_t limit, std::function<bool(char const* name)> const& on_entry)
{
    alignas(std::uint64_t) std::array<char, kListing> buffer;
    constexpr std::size_t kLengthAt = 16, kNameAt = 19;
    std::size_t seen = 0;
    for (;;) {
        long const count = ::syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
        if (count <= 0)
            return count == 0;
        for (long at = 0; at < count;) {
            char const* const entry = buffer.data() + at;
            std::uint16_t length = 0;
            std::memcpy(&length, entry + kLengthAt, sizeof length);
            if (seen++ == limit)
                return false;
            if (!on_entry(entry + kNameAt))
                return true;
            at += length;
        }
    }
}

std::optional<std::uint64_t> socket_behind(int directory, char const* name)
{
    std::array<char, kMaxShortLink> target; // what does not fit is no socket
    ssize_t const length = ::readlinkat(directory, name, target.data(), target.size());
    std::string_view text(target.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    if (!text.starts_with(kSocket) || !text.ends_with(']'))
        return std::nullopt;
    text.remove_prefix(kSocket.size());
    std::uint64_t inode = 0;
    std::from_chars(text.data(), text.data() + text.size() - 1, inode);
    return inode;
}

ExecutableFile file_of(struct stat const& status)
{
    ExecutableFile found;
    found.device = status.st_dev;
    found.inode = status.st_ino;
    found.changed_ns = status.st_ctim.tv_sec * kNanosecondsPerSecond + status.st_ctim.tv_nsec;
    found.is_deleted = status.st_nlink == 0;
    return found;
}

} // namespace

std::string read_proc(Fd const& base, char const* path, std::size_t limit)
{
    Fd const file = Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_CLOEXEC));
    std::string text;
    if (!file.is_open())
        return text;
    std::size_t used = 0;
    for (bool is_over = false; !is_over && used < limit;) {
        std::size_t const size = std::min(limit, std::max(kFirstRead, text.size() * 2));
        text.resize_and_overwrite(size, [&](char* data, std::size_t) {
            while (used < size) {
                ssize_t const count = ::read(file.raw(), data + used, size - used);
                is_over = count <= 0;
                if (is_over)
                    break;
                used += static_cast<std::size_t>(count);
            }
            return used;
        });
    }
    return text;
}

std::string read_link(Fd const& base, char const* path)
{
    std::array<char, kMaxLink> target{};
    ssize_t const length = ::readlinkat(base.raw(), path, target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length))
                      : std::string();
}

bool for_each_entry(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::string_view)> const& on_entry)
{
    Fd const directory =
        Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open())
        return false;
    return list_entries(directory.raw(), limit, [&](char const* entry) {
        std::string_view const name = entry;
        return name == "." || name == ".." || on_entry(name);
    });
}

bool for_each_socket(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::uint64_t, std::string_view)> const& on_socket)
{
    Fd const directory =
        Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open())
        return false;
    return list_entries(directory.raw(), limit, [&](char const* name) {
        if (name[0] == '.')
            return true;
        auto const inode = socket_behind(directory.raw(), name);
        return !inode || on_socket(*inode, name);
    });
}

bool may_list(Fd const& base, char const* path)
{
    return Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        .is_open();
}

std::optional<std::uint64_t> socket_at(Fd const& base, char const* path)
{
    return socket_behind(base.raw(), path);
}

Fd open_proc(Fd const& base, char const* path)
{
    return Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_CLOEXEC));
}

std::string read_proc_again(Fd const& file)
{
    std::string text;
    text.resize_and_overwrite(kFirstRead, [&](char* data, std::size_t size) {
        return static_cast<std::size_t>(std::max<ssize_t>(::pread(file.raw(), data, size, 0), 0));
    });
    return text;
}

std::optional<ExecutableFile> examine_executable(Fd const& base, char const* path)
{
    Fd const file = Fd::adopt_raw_fd(::openat(base.raw(), path, O_PATH | O_CLOEXEC));
    struct stat status {
    };
    struct statfs mount {
    };
    if (!file.is_open() || ::fstat(file.raw(), &status) != 0 || ::fstatfs(file.raw(), &mount) != 0)
        return std::nullopt;
    ExecutableFile found = file_of(status);
    found.is_on_read_only_mount = (static_cast<unsigned long>(mount.f_flags) & ST_RDONLY) != 0;
    return found;
}

std::optional<ExecutableFile> stat_executable(Fd const& base, char const* path)
{
    struct stat status {
    };
    if (::fstatat(base.raw(), path, &status, 0) != 0)
        return std::nullopt;
    return file_of(status);
}

// The kernel adds the threads to the links of the directory (fs/proc/base.c, proc_task_getattr).
std::size_t count_threads(Fd const& base, char const* task_directory)
{
    struct stat status {
    };
    constexpr nlink_t kOwnLinks = 2;
    if (::fstatat(base.raw(), task_directory, &status, 0) != 0 || status.st_nlink <= kOwnLinks)
        return 0;
    return status.st_nlink - kOwnLinks;
}

bool share_descriptors(std::int32_t a, std::int32_t b)
{
    return ::syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0) == 0;
}

} // namespace osh::sys
