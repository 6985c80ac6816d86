#pragma once
// The class behind supervise(), for its own files only: supervisor.cc (start and loop),
// supervisor_policy.cc (hot reload), supervisor_ports.cc, supervisor_end.cc (the end and its
// report).

#include "launcher/supervise/core/session_state.h"
#include "launcher/supervise/core/tally.h"
#include "launcher/supervise/door_keeper.h"
#include "launcher/supervise/front_desk.h"
#include "launcher/supervise/init_link.h"
#include "launcher/supervise/journal_file.h"
#include "launcher/supervise/netproxy_link.h"
#include "launcher/supervise/session_files.h"
#include "launcher/supervise/session_ports.h"
#include "launcher/supervise/stdio_relay.h"
#include "launcher/supervise/supervisor.h"
#include "launcher/sys/cgroup.h"

#include <memory>
#include <optional>

namespace osh::launcher
{

class Supervisor
{
public:
    Supervisor(SessionRequest request, SessionFolders folders, sys::EventLoop loop)
        : request_(std::move(request)), folders_(std::move(folders)), loop_(std::move(loop)),
          journal_(folders_.state), session_(request_.plan.has_network ? Network::On : Network::Off)
    {
    }

    Result<> start();
    int run();

private:
    Result<> start_netproxy();
    Result<> start_sandbox();
    Result<> start_signals();
    Result<> start_desk();
    Result<> start_ports();
    void watch_names();
    FrontDeskHooks desk_hooks();

    void handle(SessionEvent const& event);
    void perform(SessionCommand const& command);
    void on(policy::FromNetproxy const& message);
    void on(FromInit const& word);
    void on(WordRefused const& refused);
    void on_signals();
    void continue_helpers();
    void on_policy_loaded(policy::PolicyLoaded const& loaded);
    void set_policy(ClientId client, policy::control::SetPolicy const& set);
    void note(std::string const& kind, std::string const& text);
    void journal(std::string const& line);
    void complain(std::string const& sentence) const;

    Instant next_deadline() const;
    void on_time();
    void wait_for_init();
    void wait_for_the_end();
    int finish();
    SessionEnd end_of_session() const;

    SessionRequest request_;
    SessionFolders folders_;
    sys::EventLoop loop_;
    JournalFile journal_;
    Session session_;
    Tally tally_;
    WallTime started_ = sys::wall_now();
    Instant time_limit_ = Instant::never(), start_limit_ = Instant::never();
    std::optional<StdioRelay> relay_;
    std::unique_ptr<NetproxyLink> netproxy_;
    sys::ControlGroup group_; // outlives init, as the next does
    sys::LateFd mask_watch_;
    std::unique_ptr<InitLink> init_;
    std::unique_ptr<FrontDesk> desk_;
    std::unique_ptr<ResolverWatch> names_;
    std::unique_ptr<SessionPorts> ports_; // after desk_ and init_, which it speaks to
    std::unique_ptr<DoorKeeper> doors_;
    sys::Fd signals_;
    struct PendingPolicy {
        std::uint64_t generation = 0, number = 0;
        ClientId client = 0;
        std::vector<policy::PolicyLayer> layers;
    };
    std::optional<PendingPolicy> pending_policy_;
    std::uint64_t generation_ = 1, allowed_ = 0, denied_ = 0;
    std::string failure_;
    bool heard_listeners_ = false; // this turn of the loop: no reason to look again
    bool is_abandoned_ = false;    // a fatal signal after the agent's end: do not wait for anything
};

} // namespace osh::launcher
