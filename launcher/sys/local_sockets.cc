#include "launcher/sys/local_sockets.h"

#include "launcher/sys/io.h"
#include "launcher/sys/unix_diag.h"
#include "policy/base/text.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kMaxMountTable = 4 * 1024 * 1024;
constexpr unsigned kMinorBits = 20; // of the kernel's own dev_t (linux/kdev_t.h)

} // namespace

// connect(2) as a datagram socket: towards a stream the kernel says EPROTOTYPE before anybody there
// hears of it, and a datagram socket is not told who connects to it.
Result<bool> is_socket_alive(Fd const& place)
{
    Fd const probe =
        Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.is_open())
        return fail_errno(errno, "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place.raw());
    auto const* const generic = static_cast<sockaddr const*>(static_cast<void const*>(&address));
    int const failed = ::connect(probe.raw(), generic, sizeof address) == 0 ? 0 : errno;
    return failed != ECONNREFUSED && failed != ENOENT;
}

SocketFile socket_file(std::uint64_t device, std::uint64_t inode)
{
    return {(major(device) << kMinorBits) | minor(device), static_cast<std::uint32_t>(inode)};
}

Result<std::set<SocketFile>> bound_sockets()
{
    std::set<SocketFile> found;
    TRY(list_unix_sockets(UDIAG_SHOW_VFS, [&found](UnixSocket const& one) {
        if (auto const file = one.attribute<unix_diag_vfs>(UNIX_DIAG_VFS))
            found.emplace(file->udiag_vfs_dev, file->udiag_vfs_ino);
    }));
    return found;
}

// proc_pid_mountinfo(5): number, parent, major:minor, root, mount point, …; blanks in names are
// written in octal, and such a name is simply not found.
std::uint64_t device_mounted_at(std::string const& path)
{
    auto const table = read_file("/proc/self/mountinfo", kMaxMountTable);
    std::uint64_t device = 0;
    if (!table.ok())
        return device;
    for (auto const line : split(*table, '\n')) {
        auto const fields = split(line, ' ');
        if (fields.size() < 5 || fields[4] != path)
            continue;
        auto const numbers = split(fields[2], ':');
        unsigned first = 0, second = 0;
        for (auto const& [text, into] :
            {std::pair(numbers.front(), &first), {numbers.back(), &second}})
            std::from_chars(text.data(), text.data() + text.size(), *into);
        device = makedev(first, second); // the last one mounted covers those before
    }
    return device;
}

} // namespace osh::sys
