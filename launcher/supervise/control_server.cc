#include "launcher/supervise/control_server.h"

#include "launcher/sys/io.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kReadStep = 16 * 1024;
constexpr Duration kHelloLimit = 5s; // a front end says hello at once

std::string_view refusal_code(PeerVerdict verdict)
{
    return verdict == PeerVerdict::InSandbox ? "peer_in_sandbox" : "not_allowed";
}

} // namespace

PeerVerdict judge_peer(sys::PeerFacts const& peer, sys::PeerFacts const& own)
{
    if (peer.uid != own.uid)
        return PeerVerdict::OtherUser;
    if (!peer.is_steady)
        return PeerVerdict::Unsteady;
    bool const is_same_root =
        peer.root_device == own.root_device && peer.root_inode == own.root_inode;
    if (peer.namespaces != own.namespaces || !is_same_root)
        return PeerVerdict::InSandbox;
    return PeerVerdict::Welcome;
}

struct ControlServer::Client {
    ClientId id = 0;
    sys::Fd socket;
    sys::WatchId watch = 0;
    policy::control::LineBuffer lines;
    std::string unsent, role;
    bool is_greeted = false, is_leaving = false, is_broken = false;
    Instant since = sys::now();
    Instant second;
    std::uint32_t messages = 0;
};

ControlServer::ControlServer(sys::EventLoop& loop, sys::Fd listener, ControlHooks hooks)
    : loop_(loop), listener_(std::move(listener)), hooks_(std::move(hooks))
{
}

Result<std::unique_ptr<ControlServer>> ControlServer::open(
    sys::EventLoop& loop, sys::Fd const& folder, ControlHooks hooks)
{
    LET(listener, sys::listen_in(folder, "ctl.sock"));
    std::unique_ptr<ControlServer> server(
        new ControlServer(loop, std::move(listener), std::move(hooks)));
    LET(own, sys::own_facts());
    server->own_ = own;
    LET(watch, loop.watch(server->listener_, sys::Interest::Read,
                   [raw = server.get()](sys::Readiness) { raw->on_connection(); }));
    server->listener_watch_ = watch;
    return server;
}

ControlServer::~ControlServer()
{
    loop_.unwatch(listener_watch_);
    for (auto& [id, client] : clients_)
        loop_.unwatch(client->watch);
}

void ControlServer::on_connection()
{
    for (std::size_t i = 0; i < kMaxClients; ++i) {
        auto socket = sys::accept_one(listener_);
        if (!socket.ok() || !*socket)
            return;
        admit(std::move(**socket));
    }
}

void ControlServer::admit(sys::Fd socket)
{
    auto client = std::make_unique<Client>();
    client->id = next_++;
    client->socket = std::move(socket);
    auto facts = sys::peer_facts(client->socket);
    auto const verdict = facts.ok() ? judge_peer(*facts, own_) : PeerVerdict::Unsteady;
    if (verdict != PeerVerdict::Welcome) {
        queue(*client, policy::control::Bye{std::string(refusal_code(verdict)), "", {}});
        flush(*client);
        hooks_.refused(std::string(refusal_code(verdict)),
            fmt::format(
                "process {} tried to reach the control socket", facts.ok() ? facts->pid : 0));
        return;
    }
    if (clients_.size() >= kMaxClients)
        drop_silent();
    if (clients_.size() >= kMaxClients) {
        queue(*client, policy::control::Bye{"too_many_clients", "", {}});
        flush(*client);
        return;
    }
    ClientId const id = client->id;
    auto watch = loop_.watch(client->socket, sys::Interest::Read,
        [this, id](sys::Readiness readiness) { on_client(id, readiness); });
    if (!watch.ok())
        return;
    client->watch = *watch;
    auto& added = *clients_.emplace(id, std::move(client)).first->second;
    queue(added, hooks_.hello());
    flush(added);
}

void ControlServer::on_client(ClientId id, sys::Readiness readiness)
{
    auto found = clients_.find(id);
    if (found == clients_.end())
        return;
    Client& client = *found->second;
    if (readiness.writable)
        flush(client);
    if (readiness.readable && !client.is_leaving && !client.is_broken)
        read_from(client);
    else if (readiness.hung_up)
        client.is_broken = true;
    drop_broken();
}

void ControlServer::read_from(Client& client)
{
    std::string bytes(kReadStep, '\0');
    auto count = sys::read_some(client.socket, std::as_writable_bytes(std::span(bytes)));
    if (!count.ok() && count.error().code == Errc::Busy)
        return;
    if (!count.ok() || *count == 0) {
        client.is_broken = true;
        return;
    }
    if (!client.lines.append(std::string_view(bytes).substr(0, *count)).ok())
        return dismiss(client.id, {"bad_message", "a line is longer than 64 KiB", {}});
    while (!client.is_leaving && !client.is_broken) {
        auto line = client.lines.next();
        if (!line)
            return;
        if (is_too_fast(client))
            return dismiss(client.id, {"rate", "more than 100 messages in a second", {}});
        hear(client, *line);
    }
}

bool ControlServer::is_too_fast(Client& client)
{
    Instant const now = sys::now();
    if (now - client.second >= 1s) {
        client.second = now;
        client.messages = 0;
    }
    return ++client.messages > kMaxMessagesPerSecond;
}

void ControlServer::hear(Client& client, std::string const& line)
{
    auto message = policy::control::decode_from_client(line);
    if (!message.ok())
        return dismiss(client.id, {"bad_message", message.error().sentence, {}});
    auto const* hello = std::get_if<policy::control::ClientHello>(&*message);
    if (client.is_greeted == (hello != nullptr))
        return dismiss(client.id, {"bad_message", "hello comes first, and once", {}});
    if (hello == nullptr)
        return hooks_.said(client.id, *message);
    if (hello->proto != policy::control::kProtocol)
        return dismiss(client.id, {"proto", "", {policy::control::kProtocol}});
    if (hello->role != "decide" && hello->role != "watch")
        return dismiss(client.id, {"bad_message", "role is decide or watch", {}});
    client.role = hello->role;
    client.is_greeted = true;
    hooks_.greeted(client.id);
}

void ControlServer::send(ClientId client, policy::control::FromServer const& message)
{
    auto found = clients_.find(client);
    if (found == clients_.end() || found->second->is_leaving)
        return;
    queue(*found->second, message);
    flush(*found->second);
}

void ControlServer::send_to_all(policy::control::FromServer const& message)
{
    for (auto& [id, client] : clients_)
        if (client->is_greeted && !client->is_leaving) {
            queue(*client, message);
            flush(*client);
        }
}

void ControlServer::dismiss(ClientId client, policy::control::Bye const& bye)
{
    auto found = clients_.find(client);
    if (found == clients_.end() || found->second->is_leaving)
        return;
    queue(*found->second, bye);
    found->second->is_leaving = true;
    flush(*found->second);
}

void ControlServer::queue(Client& client, policy::control::FromServer const& message)
{
    auto line = policy::control::encode_line(message);
    if (!line.ok() || client.is_broken)
        return; // longer than a line may be: better none than half of one
    client.unsent += *line;
    if (client.unsent.size() > kMaxUnsent)
        give_up(client);
}

// Nothing more is kept for it. Its socket reads as ended from now on, which brings the loop to it:
// one that never reads is never writable, and would stay for ever.
void ControlServer::give_up(Client& client)
{
    client.is_broken = true;
    client.unsent.clear();
    sys::end_connection(client.socket);
}

// Marks what is over; the entry itself goes in drop_broken(), never under a caller's feet.
void ControlServer::flush(Client& client)
{
    while (!client.unsent.empty() && !client.is_broken) {
        auto count = sys::send_some(client.socket, bytes_of(client.unsent));
        if (!count.ok()) {
            if (count.error().code != Errc::Busy)
                give_up(client);
            break;
        }
        client.unsent.erase(0, *count);
    }
    if (client.is_leaving && client.unsent.empty())
        give_up(client);
    if (client.watch == 0)
        return;
    // A broken one is looked at once more, so that it is dropped from the loop, not from here.
    bool const wants_write = !client.unsent.empty() || client.is_broken;
    auto const interest = wants_write ? sys::Interest::ReadWrite : sys::Interest::Read;
    if (!loop_.change(client.watch, interest).ok())
        client.is_broken = true;
}

// When the room is full, whoever came in and said nothing makes place.
void ControlServer::drop_silent()
{
    Instant const now = sys::now();
    for (auto& [id, client] : clients_)
        if (!client->is_greeted && now - client->since >= kHelloLimit)
            give_up(*client);
    drop_broken();
}

void ControlServer::drop_broken()
{
    auto const dropped = std::erase_if(clients_, [this](auto const& entry) {
        if (!entry.second->is_broken)
            return false;
        loop_.unwatch(entry.second->watch);
        return true;
    });
    if (dropped > 0)
        hooks_.left();
}

std::string ControlServer::name_of(ClientId client) const
{
    return fmt::format("fe-{}", client);
}

std::string ControlServer::role_of(ClientId client) const
{
    auto found = clients_.find(client);
    return found == clients_.end() ? std::string() : found->second->role;
}

std::size_t ControlServer::deciders() const
{
    return static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(),
        [](auto const& entry) { return entry.second->role == "decide"; }));
}

void ControlServer::flush_all()
{
    for (auto& [id, client] : clients_)
        flush(*client);
}

} // namespace osh::launcher
