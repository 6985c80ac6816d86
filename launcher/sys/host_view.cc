#include "launcher/sys/host_view.h"

#include "launcher/sys/children.h"
#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/process.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <memory>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace osh::sys
{
namespace
{

constexpr std::size_t kMaxSetting = 4096;
constexpr std::size_t kMaxSmallFile = 64 * 1024;

struct Free {
    void operator()(char* text) const { std::free(text); }
};

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// Nothing is there for us, and so not for the agent.
bool is_absence(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ELOOP
           || error == ENAMETOOLONG;
}

} // namespace

Seen look_at(std::string const& path)
{
    Seen seen;
    struct stat status {
    };
    if (::lstat(path.c_str(), &status) != 0) {
        seen.problem = is_absence(errno) ? 0 : errno;
        return seen;
    }
    seen.exists = true;
    if (S_ISLNK(status.st_mode)) {
        std::array<char, PATH_MAX> target{};
        ssize_t const length = ::readlink(path.c_str(), target.data(), target.size());
        seen.problem = length < 0 ? errno : 0;
        seen.link_target.assign(target.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
        if (::stat(path.c_str(), &status) != 0)
            return seen;
    }
    seen.is_directory = S_ISDIR(status.st_mode);
    return seen;
}

SeenNode look_at_node(std::string const& path)
{
    SeenNode seen;
    struct stat status {
    };
    seen.real_path = real_path(path);
    if (seen.real_path.empty() || ::lstat(seen.real_path.c_str(), &status) != 0)
        return seen;
    seen.exists = true;
    seen.is_socket = S_ISSOCK(status.st_mode);
    seen.is_character = S_ISCHR(status.st_mode);
    seen.is_block = S_ISBLK(status.st_mode);
    seen.owner = status.st_uid;
    seen.major = major(status.st_rdev);
    seen.minor = minor(status.st_rdev);
    return seen;
}

std::string stamp_of(std::string const& path)
{
    struct stat status {
    };
    if (::stat(path.c_str(), &status) != 0)
        return {};
    return fmt::format("{:x}-{:x}-{:x}-{:x}.{:x}-{:x}.{:x}", status.st_dev, status.st_ino,
        status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
        status.st_ctim.tv_nsec);
}

std::string real_path(std::string const& path)
{
    std::unique_ptr<char, Free> const real(::realpath(path.c_str(), nullptr));
    return real ? std::string(real.get()) : std::string();
}

Result<std::vector<ListedEntry>> list_directory(std::string const& path, std::size_t limit)
{
    std::vector<ListedEntry> entries;
    std::unique_ptr<DIR, CloseDirectory> const directory(::opendir(path.c_str()));
    if (!directory && !is_absence(errno))
        return fail_errno(errno, "cannot list " + path);
    while (directory && entries.size() < limit) {
        errno = 0;
        dirent const* entry = ::readdir(directory.get());
        if (entry == nullptr && errno != 0)
            return fail_errno(errno, "cannot list " + path);
        if (entry == nullptr)
            break;
        std::string const name = entry->d_name;
        if (name != "." && name != "..")
            entries.push_back({name, entry->d_type == DT_DIR, entry->d_type == DT_LNK,
                entry->d_type == DT_SOCK || entry->d_type == DT_FIFO});
    }
    return entries;
}

Result<Person> current_person()
{
    Person person;
    person.uid = ::getuid();
    person.gid = ::getgid();
    std::array<char, 16 * 1024> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    ::getpwuid_r(person.uid, &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr)
        return fail(Errc::NotFound, "user id " + std::to_string(person.uid)
                                        + " has no entry in the user database, so osh cannot tell "
                                          "the home directory.\nfix: "
                                          "add one (in a container: to /etc/passwd).");
    person.user_name = found->pw_name;
    person.home = found->pw_dir;
    person.shell = found->pw_shell;
    group group_entry{};
    group* group_found = nullptr;
    ::getgrgid_r(person.gid, &group_entry, buffer.data(), buffer.size(), &group_found);
    person.group_name = group_found != nullptr ? group_found->gr_name : person.user_name;
    return person;
}

std::map<std::string, std::string> environment()
{
    std::map<std::string, std::string> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        std::string_view const text = *entry;
        std::size_t const equals = text.find('=');
        if (equals != std::string_view::npos && equals > 0)
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

Result<std::string> working_directory()
{
    std::unique_ptr<char, Free> const path(::getcwd(nullptr, 0));
    if (!path)
        return fail_errno(errno, "cannot tell the working directory");
    return std::string(path.get());
}

std::string kernel_release()
{
    utsname names{};
    return ::uname(&names) == 0 ? names.release : "";
}

std::uint64_t memory_bytes()
{
    struct sysinfo info {
    };
    return ::sysinfo(&info) == 0 ? std::uint64_t{info.totalram} * info.mem_unit : 0;
}

std::string read_setting(std::string const& path)
{
    auto const file = open_path(path, O_RDONLY);
    if (!file.ok())
        return {};
    auto text = read_all(*file, kMaxSetting);
    return text.ok() ? text->substr(0, text->find('\n')) : std::string();
}

std::string read_small_file(std::string const& path)
{
    auto const file = open_path(path, O_RDONLY | O_NONBLOCK);
    if (!file.ok())
        return {};
    auto text = read_all(*file, kMaxSmallFile);
    return text.ok() ? *std::move(text) : std::string();
}

int open_error(std::string const& path)
{
    auto const file = open_path(path, O_RDWR | O_NONBLOCK | O_NOCTTY);
    return file.ok() ? 0 : file.error().sys_errno;
}

std::string error_text(int error)
{
    std::array<char, 128> buffer{};
    return ::strerror_r(error, buffer.data(), buffer.size());
}

bool can_make_namespaces()
{
    std::uint32_t const uid = ::getuid(), gid = ::getgid();
    auto const proc = open_path("/proc", O_PATH | O_DIRECTORY);
    if (!proc.ok())
        return false;
    auto child = clone_process({.user = true, .mount = true}, [&] {
        become_dumpable();
        bool const works = map_identity(*proc, uid, gid).ok() && make_all_private().ok();
        return works ? 0 : 1;
    });
    if (!child.ok())
        return false;
    int status = 0;
    while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string helper_directory()
{
    std::string const self = real_path("/proc/self/exe");
    std::string const directory = self.substr(0, self.rfind('/'));
    std::string const installed = directory + "/../libexec/osh";
    if (look_at(installed + "/osh-init").exists)
        return real_path(installed);
    std::string const built = directory + "/../init"; // <build>/launcher/cli/osh
    return look_at(built + "/osh-init").exists ? real_path(built) : directory;
}

} // namespace osh::sys
