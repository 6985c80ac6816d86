#include "launcher/supervise/published_ports.h"

#include "launcher/sys/local_socket.h"
#include "launcher/sys/socket.h"

#include <algorithm>
#include <cerrno>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using policy::LoopbackFamily;
using policy::PublishSpec;

constexpr int kAcceptsPerTurn = 16;
constexpr int kPortTries = 8; // for a chosen port that the other family has taken

bool has_no_family(Error const& error)
{
    return error.sys_errno == EAFNOSUPPORT || error.sys_errno == EADDRNOTAVAIL;
}

Error why_not(PublishSpec const& spec, Error const& error)
{
    auto const sentence = [&]() -> std::string {
        switch (error.sys_errno) {
        case EADDRINUSE:
            return fmt::format("port {} is taken on this machine; write 0:{} for any free one",
                spec.host_port, spec.inside_port);
        case EACCES:
        case EPERM:
            return fmt::format("port {} may not be opened without privileges; write {}:{}",
                spec.host_port, spec.host_port + 8000, spec.inside_port);
        default: return fmt::format("port {} cannot be opened: {}", spec.host_port, error.sentence);
        }
    }();
    return {error.code, error.sys_errno, sentence};
}

} // namespace

PublishedPorts::~PublishedPorts()
{
    close();
}

PublishedPorts::PublishedPorts(sys::EventLoop& loop, Connect connect)
    : loop_(loop), connect_(std::move(connect)), scratch_(kRelayStep)
{
    for (auto const family : {sys::Loopback::V4, sys::Loopback::V6})
        for (std::size_t i = 0; i < kSpareListeners; ++i)
            if (auto socket = sys::listener_socket(family); socket.ok())
                spare_[family].push_back(*std::move(socket));
}

Result<sys::Fd> PublishedPorts::socket_for(sys::Loopback family)
{
    auto fresh = sys::listener_socket(family);
    auto& spare = spare_[family];
    if (fresh.ok() || spare.empty())
        return fresh;
    sys::Fd socket = std::move(spare.back());
    spare.pop_back();
    return socket;
}

Result<> PublishedPorts::listen(Port& port, sys::Loopback family, char const* form)
{
    LET(socket, socket_for(family));
    if (auto const bound = sys::listen_on_loopback(socket, family, port.spec.host_port);
        !bound.ok()) {
        spare_[family].push_back(std::move(socket)); // not bound: good for another port
        return bound;
    }
    LET(number, sys::port_of(socket));
    port.spec.host_port = number;
    port.addresses.push_back(fmt::format("{}:{}", form, number));
    port.listening.push_back({std::move(socket), 0});
    return {};
}

// Both families get the same number, so that http://localhost:PORT works whichever comes first.
Result<> PublishedPorts::bind(Port& port)
{
    auto const family = port.spec.family;
    if (family != LoopbackFamily::V6)
        TRY(listen(port, sys::Loopback::V4, "127.0.0.1"));
    if (family == LoopbackFamily::V4)
        return {};
    auto v6 = listen(port, sys::Loopback::V6, "[::1]");
    if (!v6.ok() && has_no_family(v6.error()) && family == LoopbackFamily::Both)
        return {}; // a machine without IPv6
    return v6;
}

Result<policy::control::PublishedPort> PublishedPorts::publish(PublishSpec const& spec)
{
    if (spec.host_port != 0 && ports_.contains(spec.host_port))
        return fail(Errc::Invalid, fmt::format("port {} is published already", spec.host_port));
    if (ports_.size() >= policy::kMaxPublished)
        return fail(Errc::Busy,
            fmt::format("at most {} ports are published at once", policy::kMaxPublished));
    Port port;
    Result<> bound;
    for (int i = 0; i < kPortTries; ++i) {
        port = Port{spec, {}, {}};
        bound = bind(port);
        bool const is_taken = !bound.ok() && bound.error().sys_errno == EADDRINUSE;
        if (spec.host_port != 0 || !is_taken)
            break;
    }
    if (!bound.ok())
        return std::unexpected<Error>(why_not(spec, bound.error()));
    auto const host_port = port.spec.host_port;
    auto const& added = ports_.emplace(host_port, std::move(port)).first->second;
    arm();
    return policy::control::PublishedPort{added.addresses, host_port, spec.inside_port, 0};
}

bool PublishedPorts::unpublish(std::uint16_t host_port)
{
    auto const port = ports_.extract(host_port);
    if (!port)
        return false;
    for (auto const& one : port.mapped().listening)
        if (one.watch != 0)
            loop_.unwatch(one.watch);
    std::erase_if(connections_, [&](auto& entry) {
        if (entry.second.host_port == host_port && entry.second.relay)
            entry.second.relay->reset();
        return entry.second.host_port == host_port;
    });
    return true;
}

std::vector<policy::control::PublishedPort> PublishedPorts::list() const
{
    std::vector<policy::control::PublishedPort> list;
    for (auto const& [number, port] : ports_) {
        auto const used = std::ranges::count_if(connections_,
            [wanted = number](auto const& entry) { return entry.second.host_port == wanted; });
        list.push_back(
            {port.addresses, number, port.spec.inside_port, static_cast<std::uint32_t>(used)});
    }
    return list;
}

void PublishedPorts::open()
{
    is_open_ = true;
    arm();
}

void PublishedPorts::close()
{
    is_open_ = false;
    while (!ports_.empty())
        unpublish(ports_.begin()->first);
}

// While every place is taken nobody is accepted: who comes waits in the backlog.
void PublishedPorts::arm()
{
    for (auto& [number, port] : ports_) {
        bool const takes = is_open_ && has_place(number);
        for (std::size_t i = 0; i < port.listening.size(); ++i) {
            auto& one = port.listening[i];
            if (!takes && one.watch != 0) {
                loop_.unwatch(one.watch);
                one.watch = 0;
            } else if (takes && one.watch == 0) {
                auto const watch = loop_.watch(one.socket, sys::Interest::Read,
                    [this, port_number = number, i](auto) { accept_from(port_number, i); });
                one.watch = watch.ok() ? *watch : 0;
            }
        }
    }
}

bool PublishedPorts::has_place(std::uint16_t host_port) const
{
    auto const of_port = std::ranges::count_if(
        connections_, [host_port](auto const& one) { return one.second.host_port == host_port; });
    return connections_.size() < kMaxRelayed && static_cast<std::size_t>(of_port) < kMaxOfOnePort;
}

void PublishedPorts::accept_from(std::uint16_t host_port, std::size_t index)
{
    for (int i = 0; i < kAcceptsPerTurn && has_place(host_port); ++i) {
        auto const port = ports_.find(host_port);
        if (port == ports_.end())
            return;
        auto socket = sys::accept_one(port->second.listening[index].socket);
        if (!socket.ok() || !*socket)
            break;
        auto const id = next_++;
        auto const inside = port->second.spec.inside_port;
        sys::relay_promptly(**socket);
        connections_.emplace(id, Connection{host_port, inside, false, std::move(**socket), {}});
        if (!connect_({id, inside, false}).ok())
            drop(id);
    }
    arm();
}

void PublishedPorts::connecting(WordConnecting const& word, sys::Fd socket)
{
    auto const found = connections_.find(word.id);
    if (found == connections_.end())
        return; // unpublished meanwhile
    auto& connection = found->second;
    if (!socket.is_open())
        return try_next(word.id);
    sys::relay_promptly(socket);
    connection.relay =
        std::make_unique<PortRelay>(loop_, std::move(connection.host), std::move(socket), scratch_);
    auto const id = word.id;
    RelayHooks hooks;
    hooks.refused = [this, id] { try_next(id); };
    hooks.over = [this, id] {
        connections_.erase(id);
        arm();
    };
    if (!connection.relay->start(std::move(hooks)).ok())
        drop(id);
}

// Nobody listens on 127.0.0.1 inside: ::1 is asked once, then the host's client learns it.
void PublishedPorts::try_next(std::uint64_t id)
{
    auto const found = connections_.find(id);
    if (found == connections_.end())
        return;
    auto& connection = found->second;
    if (connection.relay) {
        connection.host = connection.relay->take_host();
        connection.relay.reset();
    }
    bool const is_last = std::exchange(connection.tried_v6, true);
    if (is_last || !connect_({id, connection.inside_port, true}).ok())
        drop(id);
}

void PublishedPorts::drop(std::uint64_t id)
{
    auto connection = connections_.extract(id);
    if (!connection)
        return;
    if (connection.mapped().relay)
        connection.mapped().relay->reset();
    if (connection.mapped().host.is_open())
        sys::reset_on_close(connection.mapped().host);
    arm();
}

} // namespace osh::launcher
