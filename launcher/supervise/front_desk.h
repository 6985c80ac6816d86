#pragma once
// The desk, brought to people: the control socket's clients on one side, netproxy on the other.
// What an answer means is the desk's; here words are carried.

#include "launcher/supervise/control_server.h"
#include "launcher/supervise/core/desk.h"
#include "launcher/supervise/session_ports.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace osh::launcher
{

struct FrontDeskHooks {
    std::function<void(policy::Answer const&)> answer_proxy;
    std::function<void(std::string const& kind, std::string const& text)> note; // journal
    std::function<policy::control::ServerHello()> hello;
    std::function<policy::control::SessionInfo()> info;
    std::function<void(int signal)> stop;
    // Compiles and sends on; the result comes back through policy_set().
    std::function<void(ClientId, policy::control::SetPolicy const&)> set_policy;
    std::function<SessionPorts&()> ports;
};

class FrontDesk
{
public:
    static Result<std::unique_ptr<FrontDesk>> open(
        sys::EventLoop& loop, sys::Fd const& folder, DeskRules rules, FrontDeskHooks hooks);

    void set_attended() { is_attended_ = true; } // a person is at osh run's own terminal
    void ask(policy::Question const& question);
    void gone(std::uint64_t proxy_question);
    void tick();
    Instant next_deadline() const { return desk_.next_deadline(); }

    Desk const& desk() const { return desk_; }
    ControlServer& server() { return *server_; }

private:
    FrontDesk(DeskRules rules, FrontDeskHooks hooks) : desk_(rules), hooks_(std::move(hooks)) {}
    ControlHooks server_hooks();
    void perform(DeskWords const& words);
    void greet(ClientId client);
    void heard(ClientId client, policy::control::FromClient const& message);
    void on(ClientId client, policy::control::Answer const& answer);
    void on(ClientId client, policy::control::Undo const& undo);
    void on(ClientId client, policy::control::Stop const& stop);
    void on(ClientId client, policy::control::SetPolicy const& set);
    void on(ClientId client, policy::control::AskInfo const& ask);
    void on(ClientId client, policy::control::ListPorts const& list);
    void on(ClientId client, policy::control::Publish const& publish);
    void on(ClientId client, policy::control::Unpublish const& unpublish);
    void on(ClientId client, policy::control::ListGrants const& list);
    void on(ClientId client, policy::control::Explain const& explain);
    void on(ClientId client, policy::control::Ping const& ping);
    void on(ClientId, policy::control::Later const&) {}
    void on(ClientId client, policy::control::ClientHello const& hello);
    bool may_decide(ClientId client, std::uint64_t number);
    Attendance attendance() const;

    Desk desk_;
    FrontDeskHooks hooks_;
    std::unique_ptr<ControlServer> server_;
    bool is_attended_ = false;
    Instant last_decider_{INT64_MIN / 2};
};

} // namespace osh::launcher
