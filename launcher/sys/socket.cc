#include "launcher/sys/socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kMaxParts = 4;

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

SocketAddress socket_address(IpAddress const& address, std::uint16_t port)
{
    SocketAddress result;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl(address.v4_host_order());
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes().data(), address.bytes().size());
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.size = sizeof v6;
    }
    return result;
}

void set_option(Fd const& socket, int level, int option, int value)
{
    ::setsockopt(socket.raw(), level, option, &value, sizeof value); // a comfort: works without
}

// A peer whose machine, or the way to it, is gone (this machine slept, and a router forgot) says
// nothing. The kernel alone asks after two hours (tcp(7)); so it is found within three minutes.
void keep_alive(Fd const& socket)
{
    constexpr int kSilence = 60, kBetween = 15; // seconds
    constexpr int kProbes = 6;
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kSilence);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kBetween);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

Io outcome(ssize_t count)
{
    if (count > 0)
        return {IoStatus::Done, static_cast<std::size_t>(count), 0};
    if (count == 0)
        return {IoStatus::Ended, 0, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        return {IoStatus::Busy, 0, errno};
    return {IoStatus::Failed, 0, errno};
}

} // namespace

Result<Fd> start_connect(IpAddress const& address, std::uint16_t port)
{
    int const family = address.is_v4() ? AF_INET : AF_INET6;
    Fd socket = Fd::adopt_raw_fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open())
        return fail_errno(errno, "socket");
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    keep_alive(socket);
    set_option(socket, SOL_SOCKET, SO_OOBINLINE, 1);
    auto const where = socket_address(address, port);
    // bind(2) and friends want sockaddr*; the storage is one.
    auto const* raw = static_cast<sockaddr const*>(static_cast<void const*>(&where.storage));
    if (::connect(socket.raw(), raw, where.size) != 0 && errno != EINPROGRESS)
        return fail_errno(errno, "connect");
    return socket;
}

Result<Fd> start_datagrams(IpAddress const& address, std::uint16_t port)
{
    int const family = address.is_v4() ? AF_INET : AF_INET6;
    Fd socket = Fd::adopt_raw_fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open())
        return fail_errno(errno, "socket");
    auto const where = socket_address(address, port);
    auto const* raw = static_cast<sockaddr const*>(static_cast<void const*>(&where.storage));
    if (::connect(socket.raw(), raw, where.size) != 0)
        return fail_errno(errno, "connect");
    return socket;
}

Result<> set_cutting(Fd const& socket, Cutting cutting)
{
    int const how = cutting == Cutting::Yes ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO;
    int const how_v6 = cutting == Cutting::Yes ? IPV6_PMTUDISC_WANT : IPV6_PMTUDISC_DO;
    if (::setsockopt(socket.raw(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &how_v6, sizeof how_v6) == 0)
        return {}; // else it is one of IPv4
    if (::setsockopt(socket.raw(), IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof how) != 0)
        return fail_errno(errno, "setsockopt(IP_MTU_DISCOVER)");
    return {};
}

void relay_promptly(Fd const& socket)
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    keep_alive(socket);
    set_option(socket, SOL_SOCKET, SO_OOBINLINE, 1); // urgent bytes stay in place (RFC 6093)
}

bool is_connected(Fd const& socket)
{
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    return ::getpeername(socket.raw(), static_cast<sockaddr*>(static_cast<void*>(&peer)), &size)
           == 0;
}

int connect_outcome(Fd const& socket)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.raw(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

std::uint32_t path_mtu(Fd const& socket)
{
    constexpr int kLeastV4 = 576, kLeastV6 = 1280; // RFC 791, RFC 8200
    int mtu = 0;
    socklen_t size = sizeof mtu;
    if (::getsockopt(socket.raw(), IPPROTO_IPV6, IPV6_MTU, &mtu, &size) == 0)
        return static_cast<std::uint32_t>(std::max(mtu, kLeastV6));
    size = sizeof mtu;
    if (::getsockopt(socket.raw(), IPPROTO_IP, IP_MTU, &mtu, &size) != 0)
        mtu = 0;
    return static_cast<std::uint32_t>(std::max(mtu, kLeastV4));
}

Io receive_into(Fd const& socket, MutableBytes into)
{
    ssize_t count = 0;
    do
        count = ::recv(socket.raw(), into.data(), into.size(), 0);
    while (count < 0 && errno == EINTR);
    return outcome(count);
}

Io peek_into(Fd const& socket, MutableBytes into)
{
    ssize_t count = 0;
    do
        count = ::recv(socket.raw(), into.data(), into.size(), MSG_PEEK);
    while (count < 0 && errno == EINTR);
    return outcome(count);
}

Io send_from(Fd const& socket, Bytes from)
{
    ssize_t count = 0;
    do
        count = ::send(socket.raw(), from.data(), from.size(), MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return outcome(count);
}

void shut_sending(Fd const& socket)
{
    ::shutdown(socket.raw(), SHUT_WR);
}

void reset_on_close(Fd const& socket)
{
    linger const now{1, 0};
    ::setsockopt(socket.raw(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

Io read_packet(Fd const& device, MutableBytes into)
{
    ssize_t count = 0;
    do
        count = ::read(device.raw(), into.data(), into.size());
    while (count < 0 && errno == EINTR);
    return outcome(count);
}

Io write_packet(Fd const& device, std::span<Bytes const> parts)
{
    std::array<iovec, kMaxParts> vectors{};
    OSH_CHECK(parts.size() <= vectors.size());
    for (std::size_t i = 0; i < parts.size(); ++i)
        vectors[i] = {const_cast<std::byte*>(parts[i].data()), parts[i].size()}; // only read
    ssize_t count = 0;
    do
        count = ::writev(device.raw(), vectors.data(), static_cast<int>(parts.size()));
    while (count < 0 && errno == EINTR);
    return outcome(count);
}

} // namespace osh::sys
