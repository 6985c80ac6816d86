#pragma once
// Ports of the host's loopback that lead inside: listens, accepts, has init connect in the
// sandbox's network namespace (127.0.0.1, then ::1), and lets a relay carry the bytes. Listens on
// 127.0.0.1 and ::1, never on another address. Which ports is a person's word, never the agent's.

#include "launcher/init/words.h"
#include "launcher/supervise/port_relay.h"
#include "launcher/sys/loopback_listener.h"
#include "policy/messages/control.h"
#include "policy/model/publish.h"

#include <map>
#include <memory>
#include <vector>

namespace osh::launcher
{

// Ports that can still be published after the agent's start, each of both families.
inline constexpr std::size_t kSpareListeners = 16;
// Connections at once; more wait in the kernel's backlog. Two descriptors each, of 1024 that a
// process usually may have.
inline constexpr std::size_t kMaxRelayed = 256;
// Of them to one port: those of a browser that stay open do not keep a login's callback out.
inline constexpr std::size_t kMaxOfOnePort = 192;

class PublishedPorts
{
public:
    using Connect = std::function<Result<>(WordConnect const&)>;
    PublishedPorts(sys::EventLoop& loop, Connect connect);
    ~PublishedPorts();
    PublishedPorts(PublishedPorts const&) = delete;
    PublishedPorts& operator=(PublishedPorts const&) = delete;

    // Reserves the port at once. The error's sentence says what to do instead.
    Result<policy::control::PublishedPort> publish(policy::PublishSpec const& spec);
    bool unpublish(std::uint16_t host_port); // ends its connections; false: no such port
    std::vector<policy::control::PublishedPort> list() const;

    void open();  // init serves: connections are taken from now on
    void close(); // nothing is taken any more, what is open is reset
    void connecting(WordConnecting const& word, sys::Fd socket);

private:
    struct Listening {
        sys::Fd socket;
        sys::WatchId watch = 0;
    };
    struct Port {
        policy::PublishSpec spec; // host_port: the real one
        std::vector<std::string> addresses;
        std::vector<Listening> listening;
    };
    struct Connection {
        std::uint16_t host_port = 0, inside_port = 0;
        bool tried_v6 = false;
        sys::Fd host;                     // until the relay has it
        std::unique_ptr<PortRelay> relay; // none: init was asked
    };

    Result<> bind(Port& port);
    bool has_place(std::uint16_t host_port) const;
    Result<> listen(Port& port, sys::Loopback family, char const* form);
    Result<sys::Fd> socket_for(sys::Loopback family);
    void arm();
    void accept_from(std::uint16_t host_port, std::size_t index);
    void try_next(std::uint64_t id);
    void drop(std::uint64_t id);

    sys::EventLoop& loop_;
    Connect connect_;
    std::vector<std::byte> scratch_;
    std::map<std::uint16_t, Port> ports_; // by the host's port
    std::map<std::uint64_t, Connection> connections_;
    std::uint64_t next_ = 1;
    // Made before the supervisor gives up making sockets (self_confinement.h).
    std::map<sys::Loopback, std::vector<sys::Fd>> spare_;
    bool is_open_ = false;
};

} // namespace osh::launcher
