// Programs of the host that listen: local sockets, FIFOs, the user's agents and buses.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

constexpr int kPatience = 2'000; // milliseconds

std::string heard_from(int peer)
{
    pollfd waiting{peer, POLLIN, 0};
    std::array<char, 256> text{};
    if (::poll(&waiting, 1, kPatience) <= 0)
        return {};
    ssize_t const count = ::recv(peer, text.data(), text.size(), 0);
    return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : std::string();
}

Tried talk(std::string const& path, std::string const& nonce)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return {};
    bool const is_abstract = path.starts_with('@');
    std::memcpy(address.sun_path, path.data(), path.size());
    if (is_abstract)
        address.sun_path[0] = '\0';
    auto const size = static_cast<socklen_t>(
        offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
    int const peer = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer < 0)
        return refused_by(errno);
    Tried result;
    if (::connect(peer, reinterpret_cast<sockaddr const*>(&address), size) != 0)
        result = refused_by(errno);
    else
        result = found_in(heard_from(peer), nonce);
    ::close(peer);
    return result;
}

Tried home_socket(Targets const& t)
{
    return talk(target(t, "home-socket"), target(t, "nonce"));
}
Tried tmp_socket(Targets const& t)
{
    return talk(target(t, "tmp-socket"), target(t, "nonce"));
}
Tried runtime_socket(Targets const& t)
{
    return talk(target(t, "runtime-socket"), target(t, "nonce"));
}
Tried abstract_socket(Targets const& t)
{
    return talk(target(t, "abstract-socket"), target(t, "nonce"));
}
Tried project_socket(Targets const& t)
{
    return talk(target(t, "project-socket"), target(t, "nonce"));
}

Tried project_fifo(Targets const& targets)
{
    int const pipe =
        ::open(target(targets, "project-fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (pipe < 0)
        return refused_by(errno);
    pollfd waiting{pipe, POLLIN, 0};
    std::array<char, 256> text{};
    ssize_t count = 0;
    if (::poll(&waiting, 1, kPatience) > 0)
        count = ::read(pipe, text.data(), text.size());
    ::close(pipe);
    return found_in(count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : "",
        target(targets, "nonce"));
}

// The real ones of this session, where they exist: reaching one is enough.
Tried well_known(Targets const& targets)
{
    for (char const* name : {"bus", "docker", "podman", "ssh-agent", "gpg-agent", "wayland", "x11",
             "pipewire", "pulse", "systemd"}) {
        std::string const path = target(targets, std::string("door-") + name);
        if (path.empty())
            continue;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path)
            continue;
        std::memcpy(address.sun_path, path.data(), path.size());
        int const peer = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool const is_open =
            ::connect(peer, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
        ::close(peer);
        if (is_open)
            return worked(std::string(name) + " answers at " + path);
    }
    return {Outcome::Refused, "none can be reached"};
}

constexpr std::array kAttempts{
    Attempt{"sockets.home", "talk to a program through its socket in the home", home_socket},
    Attempt{"sockets.tmp", "talk to a program through its socket in /tmp", tmp_socket},
    Attempt{
        "sockets.runtime", "talk to a program of the session (D-Bus and the like)", runtime_socket},
    Attempt{"sockets.abstract", "talk to a program through an abstract socket", abstract_socket},
    Attempt{
        "sockets.project", "talk to a program whose socket lies in the project", project_socket},
    Attempt{"sockets.fifo", "read a program's FIFO in the project", project_fifo},
    Attempt{"sockets.well-known", "reach the bus, agents, containers or display of this session",
        well_known},
};

} // namespace

std::span<Attempt const> socket_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
