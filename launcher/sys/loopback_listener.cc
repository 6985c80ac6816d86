#include "launcher/sys/loopback_listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace osh::sys
{
namespace
{

constexpr int kBacklog = 128; // connections that wait while all places are taken

sockaddr const* generic(void const* address)
{
    return static_cast<sockaddr const*>(address);
}

int bind_v4(Fd const& socket, std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(socket.raw(), generic(&address), sizeof address);
}

int bind_v6(Fd const& socket, std::uint16_t port)
{
    int const on = 1;
    ::setsockopt(socket.raw(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    return ::bind(socket.raw(), generic(&address), sizeof address);
}

} // namespace

Result<Fd> listener_socket(Loopback family)
{
    int const domain = family == Loopback::V4 ? AF_INET : AF_INET6;
    Fd socket = Fd::adopt_raw_fd(::socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open())
        return fail_errno(errno, "socket");
    // Connections of an earlier session in TIME_WAIT do not keep the port (socket(7)).
    int const on = 1;
    ::setsockopt(socket.raw(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return socket;
}

Result<> listen_on_loopback(Fd const& socket, Loopback family, std::uint16_t port)
{
    int const bound = family == Loopback::V4 ? bind_v4(socket, port) : bind_v6(socket, port);
    if (bound != 0)
        return fail_errno(errno, "bind");
    if (::listen(socket.raw(), kBacklog) != 0)
        return fail_errno(errno, "listen");
    return {};
}

Result<std::uint16_t> port_of(Fd const& listener)
{
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(listener.raw(), static_cast<sockaddr*>(static_cast<void*>(&address)), &size)
        != 0)
        return fail_errno(errno, "getsockname");
    in_port_t port = 0; // the same place in sockaddr_in and sockaddr_in6
    std::memcpy(&port,
        static_cast<char const*>(static_cast<void const*>(&address))
            + offsetof(sockaddr_in, sin_port),
        sizeof port);
    return ntohs(port);
}

} // namespace osh::sys
