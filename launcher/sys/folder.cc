#include "launcher/sys/folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kFolderFlags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY;

Result<Fd> checked(Fd folder, std::string const& name)
{
    struct stat status {
    };
    if (::fstat(folder.raw(), &status) != 0)
        return fail_errno(errno, "cannot examine " + name);
    if (status.st_uid != ::geteuid())
        return fail(Errc::Denied, fmt::format("{} belongs to user {}, not to you (user {})", name,
                                      status.st_uid, ::geteuid()));
    if ((status.st_mode & 077) != 0)
        return fail(Errc::Denied, fmt::format("{} is open to others (mode {:o}); chmod 700 it",
                                      name, status.st_mode & 07777));
    return folder;
}

} // namespace

Result<Fd> open_private_folder(std::string const& path)
{
    Fd folder = Fd::adopt_raw_fd(::open(path.c_str(), kFolderFlags));
    if (!folder.is_open())
        return fail_errno(errno, "cannot open the folder " + path);
    return checked(std::move(folder), path);
}

Result<Fd> make_private_folder(Fd const& parent, std::string const& name)
{
    if (::mkdirat(parent.raw(), name.c_str(), 0700) != 0) {
        if (errno == EEXIST)
            return fail(Errc::Busy, name + " exists");
        return fail_errno(errno, "cannot make the folder " + name);
    }
    Fd folder = Fd::adopt_raw_fd(::openat(parent.raw(), name.c_str(), kFolderFlags));
    if (!folder.is_open())
        return fail_errno(errno, "cannot open the folder " + name);
    return checked(std::move(folder), name);
}

Result<Fd> open_or_make_private_folder(Fd const& parent, std::string const& name)
{
    if (::mkdirat(parent.raw(), name.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno(errno, "cannot make the folder " + name);
    Fd folder = Fd::adopt_raw_fd(::openat(parent.raw(), name.c_str(), kFolderFlags));
    if (!folder.is_open())
        return fail_errno(errno, "cannot open the folder " + name);
    return checked(std::move(folder), name);
}

std::string unfinished_name(std::string const& name)
{
    return "." + name;
}

Result<Fd> make_locked_folder(Fd const& parent, std::string const& name)
{
    std::string const unnamed = unfinished_name(name); // not a session for whoever lists them
    auto folder = make_private_folder(parent, unnamed);
    if (!folder.ok() && folder.error().code == Errc::NotFound)
        return fail(Errc::Busy, name + " was swept away");
    if (!folder.ok())
        return folder;
    int error = 0;
    if (::flock(folder->raw(), LOCK_EX | LOCK_NB) != 0
        || ::renameat2(parent.raw(), unnamed.c_str(), parent.raw(), name.c_str(), RENAME_NOREPLACE)
               != 0)
        error = errno;
    if (error == 0)
        return folder;
    remove_folder_in(parent, unnamed);
    if (error == EEXIST || error == EWOULDBLOCK || error == ENOENT) // taken, or being swept
        return fail(Errc::Busy, name + " exists");
    return fail_errno(error, "cannot make the folder " + name);
}

void remove_unlocked_folder(Fd const& parent, std::string const& name, std::string const& file)
{
    Fd const folder = Fd::adopt_raw_fd(::openat(parent.raw(), name.c_str(), kFolderFlags));
    if (!folder.is_open() || ::flock(folder.raw(), LOCK_EX | LOCK_NB) != 0)
        return;
    remove_in(folder, file);
    remove_folder_in(parent, name);
}

Result<> lock_shared(Fd const& folder)
{
    if (::flock(folder.raw(), LOCK_SH | LOCK_NB) == 0)
        return {};
    if (errno == EWOULDBLOCK)
        return fail(Errc::Busy, "somebody else works on it");
    return fail_errno(errno, "flock");
}

Result<> lock_exclusive(Fd const& folder)
{
    if (::flock(folder.raw(), LOCK_EX | LOCK_NB) == 0)
        return {};
    if (errno == EWOULDBLOCK)
        return fail(Errc::Busy, "somebody else works on it");
    return fail_errno(errno, "flock");
}

Result<> make_folders(std::string const& path)
{
    for (std::size_t i = 1; i <= path.size(); ++i) {
        if (i != path.size() && path[i] != '/')
            continue;
        std::string const part = path.substr(0, i);
        if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
            return fail_errno(errno, "cannot make the folder " + part);
    }
    return {};
}

Result<Fd> open_in(Fd const& folder, std::string const& name, int flags, int mode)
{
    Fd file = Fd::adopt_raw_fd(
        ::openat(folder.raw(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.is_open())
        return fail_errno(errno, "cannot open " + name);
    return file;
}

Result<> rename_in(Fd const& folder, std::string const& from, std::string const& to)
{
    if (::renameat(folder.raw(), from.c_str(), folder.raw(), to.c_str()) != 0)
        return fail_errno(errno, "cannot rename " + from);
    return {};
}

void remove_in(Fd const& folder, std::string const& name)
{
    ::unlinkat(folder.raw(), name.c_str(), 0);
}

void remove_folder_in(Fd const& folder, std::string const& name)
{
    ::unlinkat(folder.raw(), name.c_str(), AT_REMOVEDIR);
}

Result<std::vector<std::string>> names_in(std::string const& path, DotNames dot_names)
{
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr)
        return fail_errno(errno, "cannot list " + path);
    std::vector<std::string> names;
    while (dirent const* entry = ::readdir(folder)) {
        std::string_view const name = entry->d_name;
        bool const is_listed =
            dot_names == DotNames::List ? name != "." && name != ".." : !name.starts_with('.');
        if (is_listed)
            names.emplace_back(name);
        if (names.size() >= kMaxListed)
            break;
    }
    ::closedir(folder);
    std::sort(names.begin(), names.end());
    return names;
}

std::int64_t changed_at(std::string const& path)
{
    struct stat status {
    };
    if (::lstat(path.c_str(), &status) != 0)
        return 0;
    return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::uint64_t free_bytes(Fd const& folder)
{
    struct statvfs status {
    };
    if (::fstatvfs(folder.raw(), &status) != 0)
        return 0;
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::int32_t own_process_id()
{
    return ::getpid();
}

std::uint32_t user_id()
{
    return ::geteuid();
}

std::string program_folder()
{
    std::array<char, PATH_MAX> path{};
    ssize_t const length = ::readlink("/proc/self/exe", path.data(), path.size());
    if (length <= 0 || length == static_cast<ssize_t>(path.size()))
        return {};
    std::string const text(path.data(), static_cast<std::size_t>(length));
    return text.substr(0, text.rfind('/'));
}

std::string current_folder()
{
    std::array<char, PATH_MAX> path{};
    return ::getcwd(path.data(), path.size()) == nullptr ? std::string() : std::string(path.data());
}

Result<> change_folder(std::string const& path)
{
    if (::chdir(path.c_str()) != 0)
        return fail_errno(errno, "cannot enter " + path);
    return {};
}

std::string random_hex(std::size_t digits)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(digits, '0');
    std::string bytes(digits, '\0');
    OSH_CHECK(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    for (std::size_t i = 0; i < digits; ++i)
        text[i] = kDigits[static_cast<unsigned char>(bytes[i]) % 16];
    return text;
}

} // namespace osh::sys
