#include "launcher/sys/closed_table.h"

#include "launcher/sys/proc_view.h"

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kStatus = 16 * 1024;

// proc_pid_status(5): "FDSize" is how many places the table has; anybody may read it.
std::optional<std::size_t> places_in_table(Fd const& proc, std::int32_t pid)
{
    constexpr std::string_view kName = "\nFDSize:\t";
    auto const path = std::to_string(pid) + "/status";
    std::string const status = read_proc(proc, path.c_str(), kStatus);
    auto const at = status.find(kName);
    if (at == std::string::npos)
        return std::nullopt;
    std::size_t places = 0;
    char const* const begin = status.data() + at + kName.size();
    auto const [end, error] = std::from_chars(begin, status.data() + status.size(), places);
    return error == std::errc() ? std::optional(places) : std::nullopt;
}

} // namespace

bool for_each_hidden_socket(Fd const& proc, std::int32_t pid, std::size_t limit,
    std::function<bool(std::uint64_t, std::int32_t)> const& on_socket)
{
    auto const places = places_in_table(proc, pid);
    Fd const process = Fd::adopt_raw_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!places || *places > limit || !process.is_open())
        return false;
    for (std::size_t number = 0; number < *places; ++number) {
        Fd const copy = Fd::adopt_raw_fd(
            static_cast<int>(::syscall(SYS_pidfd_getfd, process.raw(), number, 0)));
        if (!copy.is_open() && errno == EBADF)
            continue; // nothing there
        struct stat status {
        };
        if (!copy.is_open() || ::fstat(copy.raw(), &status) != 0)
            return false;
        if (S_ISSOCK(status.st_mode)
            && !on_socket(status.st_ino, static_cast<std::int32_t>(number)))
            return true;
    }
    auto const places_now = places_in_table(proc, pid);
    return places_now && *places_now <= *places; // it did not grow meanwhile
}

} // namespace osh::sys
