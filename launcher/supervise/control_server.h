#pragma once
// The session's control socket: connections, lines, bounds, and who may speak. What is said means
// nothing here; the supervisor decides. Design: control-protocol.md, security H15.

#include "launcher/sys/event_loop.h"
#include "launcher/sys/local_socket.h"
#include "policy/messages/control.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace osh::launcher
{

inline constexpr std::size_t kMaxClients = 16;
inline constexpr std::uint32_t kMaxMessagesPerSecond = 100;
inline constexpr std::size_t kMaxUnsent = 1024 * 1024; // a slower reader is dropped

enum class PeerVerdict { Welcome, OtherUser, InSandbox, Unsteady };
// SO_PEERCRED alone is worthless: a process inside shows the same uid. Its namespaces differ.
PeerVerdict judge_peer(sys::PeerFacts const& peer, sys::PeerFacts const& own);

using ClientId = std::uint64_t;

struct ControlHooks {
    std::function<policy::control::ServerHello()> hello;
    std::function<void(ClientId)> greeted; // after a valid hello: welcome and open questions
    std::function<void(ClientId, policy::control::FromClient const&)> said;
    std::function<void(std::string const& code, std::string const& text)> refused;
    std::function<void()> left;
};

class ControlServer
{
public:
    static Result<std::unique_ptr<ControlServer>> open(
        sys::EventLoop& loop, sys::Fd const& folder, ControlHooks hooks);
    ~ControlServer();

    void send(ClientId client, policy::control::FromServer const& message);
    void send_to_all(policy::control::FromServer const& message); // greeted ones
    void dismiss(ClientId client, policy::control::Bye const& bye);
    std::string name_of(ClientId client) const; // "fe-3"
    std::string role_of(ClientId client) const; // "decide", "watch"
    std::size_t deciders() const;
    void flush_all(); // at the end: what can be sent without waiting

private:
    struct Client;
    ControlServer(sys::EventLoop& loop, sys::Fd listener, ControlHooks hooks);
    void on_connection();
    void admit(sys::Fd socket);
    void on_client(ClientId id, sys::Readiness readiness);
    void read_from(Client& client);
    void hear(Client& client, std::string const& line);
    bool is_too_fast(Client& client);
    void queue(Client& client, policy::control::FromServer const& message);
    void give_up(Client& client);
    void flush(Client& client);
    void drop_silent();
    void drop_broken();

    sys::EventLoop& loop_;
    sys::Fd listener_;
    sys::WatchId listener_watch_ = 0;
    sys::PeerFacts own_;
    ControlHooks hooks_;
    std::map<ClientId, std::unique_ptr<Client>> clients_;
    ClientId next_ = 1;
};

} // namespace osh::launcher
