#include "launcher/sys/bind_call.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);

} // namespace

Opened take_descriptor(std::int32_t thread, std::int32_t process, std::int32_t number)
{
    constexpr unsigned kThread = 0200; // PIDFD_THREAD, Linux 6.9
    int raw = static_cast<int>(::syscall(SYS_pidfd_open, thread, kThread));
    if (raw < 0)
        raw = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    Opened taken;
    if (raw < 0) {
        taken.error = errno;
        return taken;
    }
    Fd const holder = Fd::adopt_raw_fd(raw);
    int const copy = static_cast<int>(::syscall(SYS_pidfd_getfd, raw, number, 0));
    if (copy < 0)
        taken.error = errno;
    else
        taken.fd = Fd::adopt_raw_fd(copy);
    return taken;
}

int read_remote_bytes(std::int32_t thread, std::uint64_t address, std::string& into)
{
    iovec const here{into.data(), into.size()};
    iovec const there{reinterpret_cast<void*>(address), into.size()};
    ssize_t const count = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (count < 0)
        return errno;
    return static_cast<std::size_t>(count) == into.size() ? 0 : EFAULT;
}

std::optional<std::string> path_in_address(std::string const& address)
{
    sa_family_t family = AF_UNSPEC;
    if (address.size() <= kPathAt)
        return std::nullopt;
    std::memcpy(&family, address.data(), sizeof family);
    if (family != AF_UNIX || address[kPathAt] == '\0')
        return std::nullopt;
    std::string path = address.substr(kPathAt);
    path.resize(::strnlen(path.data(), path.size()));
    return path;
}

int bind_socket(Fd const& socket, std::string const& address)
{
    sockaddr_storage copy{};
    std::memcpy(&copy, address.data(), std::min(address.size(), sizeof copy));
    auto const length = static_cast<socklen_t>(address.size());
    return ::bind(socket.raw(), reinterpret_cast<sockaddr const*>(&copy), length) == 0 ? 0 : errno;
}

int bind_path(Fd const& socket, Fd const& start, std::string const& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() > sizeof address.sun_path)
        return EINVAL;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (start.is_open() && ::fchdir(start.raw()) != 0)
        return errno;
    std::string bytes(kPathAt + path.size() + 1, '\0'); // the kernel ends a full path itself
    bytes.resize(std::min(bytes.size(), sizeof address));
    std::memcpy(bytes.data(), &address, bytes.size());
    int const error = bind_socket(socket, bytes);
    if (::chdir("/") != 0)
        return errno;
    return error;
}

} // namespace osh::sys
