#pragma once
// The ports of one session, for people: what is published, what listens inside, and the words of
// the control socket about both.

#include "launcher/supervise/control_server.h"
#include "launcher/supervise/core/listener_table.h"
#include "launcher/supervise/published_ports.h"
#include "policy/model/profile.h"

#include <functional>

namespace osh::launcher
{

struct PortHooks {
    std::function<Result<>(ToInit const&)> ask_init;
    std::function<void(ClientId, policy::control::FromServer const&)> reply;
    // A new listener, a port that was opened or closed: for the journal and the front ends.
    std::function<void(std::string const& code, std::string const& text)> tell;
};

class SessionPorts
{
public:
    SessionPorts(sys::EventLoop& loop, policy::NetworkProfile const& network, PortHooks hooks);

    // Reserves what the profile and the command line publish; lines for people about each.
    Result<std::vector<std::string>> publish_planned();
    void agent_started();
    void agent_ended();

    void hear(ClientId client, policy::control::ListPorts const& list);
    void hear(ClientId client, policy::control::Publish const& publish);
    void hear(ClientId client, policy::control::Unpublish const& unpublish);
    void hear(WordListeners const& word);
    void hear(WordConnecting const& word, sys::Fd socket)
    {
        published_.connecting(word, std::move(socket));
    }

    void stirred(Instant now);
    void tick(Instant now);
    Instant next_deadline() const { return is_running_ ? table_.next_look() : Instant::never(); }

private:
    struct Waiting {
        ClientId client = 0;
        std::uint64_t n = 0;
    };
    Result<policy::control::PublishedPort> publish(std::string const& text);
    policy::control::PortList list(std::uint64_t n) const;

    policy::NetworkProfile const& network_;
    PortHooks hooks_;
    PublishedPorts published_;
    ListenerTable table_;
    std::vector<Waiting> waiting_; // for init's answer
    bool is_running_ = false;
};

// "127.0.0.1:8080 and [::1]:8080 lead to port 3000 inside"
std::string words_of(policy::control::PublishedPort const& port);

} // namespace osh::launcher
