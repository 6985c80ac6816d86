// Ways out that do not ask the policy: services of the machine, packets to its own address, a name
// server of the attacker's choice. Nothing is sent to another machine.

#include "launcher/attack/attempt.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

constexpr int kPatience = 3'000; // milliseconds

bool parse(std::string const& host, std::string const& port, sockaddr_in& into)
{
    into.sin_family = AF_INET;
    into.sin_port = htons(static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10)));
    return into.sin_port != 0 && ::inet_pton(AF_INET, host.c_str(), &into.sin_addr) == 1;
}

// Says something, and looks whether the one that knows the nonce answers.
Tried say_to(sockaddr_in const& address, int type, std::string const& nonce)
{
    int const peer = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (peer < 0)
        return refused_by(errno);
    int const status = ::connect(peer, reinterpret_cast<sockaddr const*>(&address), sizeof address);
    int error = status != 0 && errno != EINPROGRESS ? errno : 0;
    pollfd waiting{peer, POLLOUT, 0};
    if (error == 0 && ::poll(&waiting, 1, kPatience) <= 0)
        error = ETIMEDOUT;
    if (error == 0 && ::send(peer, "?", 1, MSG_NOSIGNAL) < 0)
        error = errno;
    std::array<char, 256> text{};
    ssize_t count = 0;
    waiting.events = POLLIN;
    if (error == 0 && ::poll(&waiting, 1, kPatience) > 0)
        count = ::recv(peer, text.data(), text.size(), 0);
    ::close(peer);
    if (error != 0)
        return refused_by(error);
    return found_in(
        count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : "", nonce);
}

Tried reach(Targets const& targets, std::string const& host, std::string const& port, int type)
{
    sockaddr_in address{};
    if (!parse(target(targets, host), target(targets, port), address))
        return {};
    return say_to(address, type, target(targets, "nonce"));
}

Tried loopback(Targets const& t)
{
    return reach(t, "loopback", "tcp-port", SOCK_STREAM);
}
Tried own_address(Targets const& t)
{
    return reach(t, "address", "tcp-port", SOCK_STREAM);
}
Tried datagram(Targets const& t)
{
    return reach(t, "address", "udp-port", SOCK_DGRAM);
}

Tried raw_packets(Targets const&)
{
    int const made = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    return outcome_of(made);
}

Tried name_server_of_choice(Targets const& t)
{
    return reach(t, "address", "dns-port", SOCK_DGRAM);
}
Tried name_server_loopback(Targets const& t)
{
    return reach(t, "loopback", "dns-port", SOCK_DGRAM);
}

constexpr std::array kAttempts{
    Attempt{"network.loopback", "reach a service on this machine's loopback", loopback},
    Attempt{"network.own-address", "reach a service on this machine's own address", own_address},
    Attempt{"network.datagram", "send a datagram past the policy", datagram},
    Attempt{"network.raw", "make packets by hand", raw_packets},
    Attempt{"dns.other-server", "ask a name server of its own choice, which carries data out",
        name_server_of_choice},
    Attempt{"dns.loopback", "ask the machine's own name server", name_server_loopback},
};

} // namespace

std::span<Attempt const> network_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
