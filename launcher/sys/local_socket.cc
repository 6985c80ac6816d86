#include "launcher/sys/local_socket.h"

#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"
#include "policy/base/text.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kPeerPidfd = 77;         // SO_PEERPIDFD, Linux 6.5; missing in older headers
constexpr int kBacklog = 16;           // as many clients as are served at once
constexpr std::size_t kMaxStat = 4096; // of /proc/PID/stat
constexpr std::size_t kStartTime = 19; // field 22 of proc_pid_stat(5), counted after the name

bool is_trusted(uid_t user)
{
    return user == 0 || user == ::geteuid();
}

Result<Fd> stream_socket(int extra)
{
    Fd socket = Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | extra, 0));
    if (!socket.is_open())
        return fail_errno(errno, "socket");
    return socket;
}

// The folder's descriptor in the path keeps it short (sun_path has 108 bytes) and unswappable.
sockaddr_un address_in(Fd const& folder, std::string const& name)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string const path = fmt::format("/proc/self/fd/{}/{}", folder.raw(), name);
    OSH_CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

sockaddr const* generic(sockaddr_un const& address)
{
    return static_cast<sockaddr const*>(static_cast<void const*>(&address));
}

Result<std::uint64_t> start_time(std::string const& proc)
{
    LET(text, read_file(proc + "/stat", kMaxStat));
    auto const name_end = text.rfind(')');
    if (name_end == std::string::npos || name_end + 2 > text.size())
        return fail(Errc::Malformed, "cannot read a process's start time");
    auto const fields = split(std::string_view(text).substr(name_end + 2), ' ');
    if (fields.size() <= kStartTime)
        return fail(Errc::Malformed, "cannot read a process's start time");
    return std::strtoull(std::string(fields[kStartTime]).c_str(), nullptr, 10);
}

Result<struct stat> status_of(std::string const& path)
{
    struct stat status {
    };
    if (::stat(path.c_str(), &status) != 0)
        return fail_errno(errno, "cannot examine " + path);
    return status;
}

Result<> read_proc(std::string const& proc, PeerFacts& facts)
{
    LET(user, status_of(proc + "/ns/user"));
    LET(pid, status_of(proc + "/ns/pid"));
    LET(mount, status_of(proc + "/ns/mnt"));
    LET(root, status_of(proc + "/root"));
    facts.namespaces = {user.st_ino, pid.st_ino, mount.st_ino};
    facts.root_device = root.st_dev;
    facts.root_inode = root.st_ino;
    return {};
}

} // namespace

Result<Fd> listen_in(Fd const& folder, std::string const& name)
{
    LET(socket, stream_socket(SOCK_NONBLOCK));
    auto const address = address_in(folder, name);
    // The mode is right from the first moment: fchmod(2) on an unbound socket is what bind(2) uses.
    if (::fchmod(socket.raw(), 0600) != 0
        || ::bind(socket.raw(), generic(address), sizeof address) != 0
        || ::listen(socket.raw(), kBacklog) != 0)
        return fail_errno(errno, "cannot open the socket " + name);
    return socket;
}

Result<Fd> connect_in(Fd const& folder, std::string const& name)
{
    LET(socket, stream_socket(0));
    auto const address = address_in(folder, name);
    if (::connect(socket.raw(), generic(address), sizeof address) != 0)
        return fail_errno(errno, "cannot reach the session");
    return socket;
}

Result<Fd> connect_to(std::string const& path)
{
    LET(place, look_up(path, Links::Refuse));
    struct stat status {
    };
    if (::fstat(place.raw(), &status) != 0)
        return fail_errno(errno, "fstat");
    if (!S_ISSOCK(status.st_mode))
        return fail(Errc::Denied, path + " is no socket");
    if (!is_trusted(status.st_uid))
        return fail(Errc::Denied, path + " belongs to another user");
    LET(socket, stream_socket(SOCK_NONBLOCK));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(
        address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place.raw()); // proc(5)
    if (::connect(socket.raw(), generic(address), sizeof address) != 0)
        return fail_errno(errno, "cannot reach " + path);
    ucred listener{};
    socklen_t size = sizeof listener;
    if (::getsockopt(socket.raw(), SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0)
        return fail_errno(errno, "SO_PEERCRED");
    if (!is_trusted(listener.uid))
        return fail(Errc::Denied, path + " is served by another user");
    return socket;
}

void end_sending(Fd const& socket)
{
    ::shutdown(socket.raw(), SHUT_WR);
}

Result<std::optional<Fd>> accept_one(Fd const& listener)
{
    Fd client =
        Fd::adopt_raw_fd(::accept4(listener.raw(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.is_open())
        return std::optional<Fd>(std::move(client));
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return std::optional<Fd>{};
    return fail_errno(errno, "accept");
}

Result<std::size_t> send_some(Fd const& socket, Bytes from)
{
    ssize_t count = 0;
    do
        count = ::send(socket.raw(), from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail_errno(errno, "send");
    return static_cast<std::size_t>(count);
}

void end_connection(Fd const& socket)
{
    ::shutdown(socket.raw(), SHUT_RDWR);
}

Result<bool> wait_readable(Fd const& fd, int milliseconds)
{
    pollfd watched{fd.raw(), POLLIN, 0};
    int count = 0;
    do
        count = ::poll(&watched, 1, milliseconds);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail_errno(errno, "poll");
    return count > 0;
}

Result<PeerFacts> peer_facts(Fd const& socket)
{
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.raw(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return fail_errno(errno, "SO_PEERCRED");
    PeerFacts facts;
    facts.uid = credentials.uid;
    facts.pid = credentials.pid;
    std::string const proc = fmt::format("/proc/{}", credentials.pid);
    int raw = -1;
    size = sizeof raw;
    Fd pinned;
    if (::getsockopt(socket.raw(), SOL_SOCKET, kPeerPidfd, &raw, &size) == 0)
        pinned = Fd::adopt_raw_fd(raw);
    LET(before, start_time(proc));
    TRY(read_proc(proc, facts));
    LET(after, start_time(proc));
    // pidfd_send_signal(2) with signal 0: the pinned process still lives, so its number was not
    // given to another one meanwhile.
    bool const is_alive =
        !pinned.is_open() || ::syscall(SYS_pidfd_send_signal, pinned.raw(), 0, nullptr, 0) == 0;
    facts.is_steady = before == after && is_alive;
    return facts;
}

Result<PeerFacts> own_facts()
{
    PeerFacts facts;
    facts.uid = ::geteuid();
    facts.pid = ::getpid();
    TRY(read_proc("/proc/self", facts));
    facts.is_steady = true;
    return facts;
}

} // namespace osh::sys
