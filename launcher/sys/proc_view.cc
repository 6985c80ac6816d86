#include "launcher/sys/proc_view.h"

#include <array>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kMaxLink = 4096, kMaxShortLink = 64;

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

} // namespace

std::string read_proc(Fd const& base, char const* path, std::size_t limit)
{
    Fd const file = Fd::adopt_raw_fd(::openat(base.raw(), path, O_RDONLY | O_CLOEXEC));
    std::string text(limit, '\0');
    std::size_t used = 0;
    while (file.is_open() && used < limit) {
        ssize_t const count = ::read(file.raw(), text.data() + used, limit - used);
        if (count <= 0)
            break;
        used += static_cast<std::size_t>(count);
    }
    text.resize(used);
    return text;
}

std::string read_link(Fd const& base, char const* path)
{
    std::array<char, kMaxLink> target{};
    ssize_t const length = ::readlinkat(base.raw(), path, target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length))
                      : std::string();
}

void for_each_entry(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::string_view)> const& on_entry)
{
    int const raw = ::openat(base.raw(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (raw < 0)
        return;
    std::unique_ptr<DIR, CloseDirectory> const directory(::fdopendir(raw));
    if (!directory) {
        ::close(raw);
        return;
    }
    for (std::size_t seen = 0; seen < limit; ++seen) {
        dirent const* entry = ::readdir(directory.get());
        if (entry == nullptr)
            return;
        std::string_view const name = entry->d_name;
        if (name != "." && name != ".." && !on_entry(name))
            return;
    }
}

bool has_link_to(Fd const& base, char const* path, std::size_t limit, std::string_view target)
{
    int const raw = ::openat(base.raw(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (raw < 0)
        return false;
    std::unique_ptr<DIR, CloseDirectory> const directory(::fdopendir(raw));
    if (!directory) {
        ::close(raw);
        return false;
    }
    for (std::size_t seen = 0; seen < limit; ++seen) {
        dirent const* entry = ::readdir(directory.get());
        if (entry == nullptr)
            return false;
        char found[kMaxShortLink]; // what does not fit is longer than any target asked for
        ssize_t const length = ::readlinkat(raw, entry->d_name, found, sizeof found);
        if (length > 0 && std::string_view(found, static_cast<std::size_t>(length)) == target)
            return true;
    }
    return false;
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
    ExecutableFile found;
    found.device = status.st_dev;
    found.inode = status.st_ino;
    found.changed_ns = status.st_ctim.tv_sec * kNanosecondsPerSecond + status.st_ctim.tv_nsec;
    found.is_deleted = status.st_nlink == 0;
    found.is_on_read_only_mount = (static_cast<unsigned long>(mount.f_flags) & ST_RDONLY) != 0;
    return found;
}

} // namespace osh::sys
