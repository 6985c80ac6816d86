#include "launcher/sys/directory_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kBatch = 64 * 1024;

} // namespace

Result<Fd> open_directory_watch()
{
    Fd fd = Fd::adopt_raw_fd(::inotify_init1(IN_CLOEXEC));
    if (!fd.is_open())
        return fail_errno(errno, "inotify_init1");
    return fd;
}

int watch_directory(Fd const& watch, std::string const& path)
{
    return ::inotify_add_watch(watch.raw(), path.c_str(),
        IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK);
}

Result<std::vector<NewName>> next_new_names(Fd const& watch)
{
    std::vector<char> buffer(kBatch);
    ssize_t count = 0;
    do
        count = ::read(watch.raw(), buffer.data(), buffer.size());
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        return fail_errno(errno, "read of inotify");
    std::vector<NewName> names;
    std::size_t const end = static_cast<std::size_t>(count);
    for (std::size_t at = 0; at + sizeof(inotify_event) <= end;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof event);
        at += sizeof event;
        if (event.len > end - at)
            return fail(Errc::Malformed, "inotify: an event longer than what was read");
        std::string name(buffer.data() + at, ::strnlen(buffer.data() + at, event.len));
        at += event.len;
        if ((event.mask & IN_Q_OVERFLOW) != 0)
            names.push_back({});
        else if (!name.empty())
            names.push_back({event.wd, std::move(name), (event.mask & IN_ISDIR) != 0});
    }
    return names;
}

} // namespace osh::sys
