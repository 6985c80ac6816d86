#include "launcher/sys/file_watch.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/inotify.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::uint32_t kFile = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVE_SELF | IN_DELETE_SELF;
constexpr std::uint32_t kFolder = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE;
constexpr int kReadsPerTurn = 16;

std::string folder_of(std::string const& path)
{
    auto const slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_of(std::string const& path)
{
    return path.substr(path.rfind('/') + 1);
}

std::string behind(std::string const& path)
{
    std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    return real ? std::string(real.get()) : path;
}

} // namespace

Result<FileWatch> FileWatch::create(std::vector<std::string> paths)
{
    Fd fd = Fd::adopt_raw_fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!fd.is_open())
        return fail_errno(errno, "inotify_init1");
    FileWatch watch(std::move(fd), std::move(paths));
    watch.arm();
    return watch;
}

// Adding a watch that is there already changes nothing; a path that is not there yet is skipped.
void FileWatch::arm()
{
    for (auto const& path : paths_)
        for (auto const& place : {path, behind(path)}) {
            ::inotify_add_watch(fd_.fd().raw(), place.c_str(), kFile);
            ::inotify_add_watch(fd_.fd().raw(), folder_of(place).c_str(), kFolder | IN_ONLYDIR);
        }
}

bool FileWatch::take_events()
{
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool is_ours = false;
    for (int i = 0; i < kReadsPerTurn; ++i) {
        auto const count = ::read(fd_.fd().raw(), buffer.data(), buffer.size());
        if (count <= 0)
            break;
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(count);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            std::string const name = event.len == 0 ? "" : buffer.data() + at + sizeof event;
            is_ours = is_ours || name.empty();
            for (auto const& path : paths_)
                is_ours = is_ours || name == name_of(path) || name == name_of(behind(path));
            at += sizeof event + event.len;
        }
    }
    if (is_ours)
        arm();
    return is_ours;
}

} // namespace osh::sys
