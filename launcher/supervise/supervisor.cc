// Starts the helpers and runs the loop of one session.

#include "launcher/apply/launch.h"
#include "launcher/apply/trust_store.h"
#include "launcher/supervise/self_confinement.h"
#include "launcher/supervise/supervisor_class.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/self.h"
#include "launcher/sys/signals.h"
#include "policy/base/text.h"

#include <csignal>
#include <cstdio>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr Duration kForegroundLook = 300ms; // how soon a `fg` without SIGCONT is noticed

// For netproxy to get ready, and for the agent to be executed: milliseconds, seconds on a machine
// that swaps.
constexpr Duration kStartLimit = 30s;

} // namespace

Result<> Supervisor::start()
{
    TRY(sys::set_no_new_privileges());
    sys::forbid_core_dumps();
    sys::set_private_umask();
    TRY(start_desk());
    TRY(start_ports()); // before anything runs: a port that is taken is told at once
    if (request_.plan.has_network)
        TRY(start_netproxy()); // it starts while the sandbox is being built
    TRY(start_sandbox());
    if (netproxy_)
        watch_names();
    // Only now: before, init's maps in /proc could not be written by an undumpable parent.
    TRY(sys::forbid_inspection());
    TRY(start_signals());
    TRY(confine_supervisor()); // every helper runs; the agent does not yet
    note("started", fmt::format("{} profile {}", request_.agent, request_.profile.name));
    for (auto const& warning : request_.plan.warnings)
        note("unsafe", warning);
    if (!folders_.state_problem.empty())
        complain("the journal cannot be kept: " + folders_.state_problem);
    return {};
}

Result<> Supervisor::start_netproxy()
{
    NetproxyHooks hooks;
    hooks.said = [this](auto const& message) { on(message); };
    hooks.gone = [this](auto const& how) { handle(NetproxyFailed{how}); };
    LET(link, NetproxyLink::start(loop_, request_.facts.libexec, std::move(hooks)));
    netproxy_ = std::move(link);
    return {};
}

Result<> Supervisor::start_sandbox()
{
    LET(relay, StdioRelay::choose(request_.terminal));
    relay_ = std::move(relay);
    LET(stdio, relay_->plan());
    // Without it programs that read the hashed directory know the session's own authority only.
    if (auto made = make_trust_store(request_.plan.trust_bundle, request_.plan.trust_store);
        !made.ok())
        complain("the host's certificates are missing in the hashed directory: "
                 + made.error().sentence);
    LET(sandbox, prepare(request_.plan, std::move(stdio), request_.facts));
    if (netproxy_)
        TRY(netproxy_->set_up(request_, sandbox, folders_.id));
    TRY(await_prepared(sandbox, request_.facts));
    InitHooks hooks;
    hooks.said = [this](auto const& word) { on(word); };
    hooks.connecting = [this](auto const& word, sys::Fd socket) {
        ports_->hear(word, std::move(socket));
    };
    hooks.gone = [this](auto const& how) { handle(InitGone{how}); };
    LET(init, InitLink::start(loop_, std::move(sandbox.init_pidfd), std::move(sandbox.init_channel),
                  std::move(hooks)));
    init_ = std::move(init);
    group_ = std::move(sandbox.group);
    mask_watch_ = std::move(sandbox.mask_watch);
    if (!sandbox.doors.empty()) {
        LET(doors, DoorKeeper::start(loop_, request_.plan.doors, sandbox.doors,
                       [this](auto const& sentence) { note("door", sentence); }));
        doors_ = std::move(doors);
    }
    return relay_->start(loop_, std::move(sandbox.pty));
}

Result<> Supervisor::start_signals()
{
    // After prepare(): a blocked signal would stay blocked in the agent.
    LET(signals, sys::signal_descriptor({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2,
                     SIGWINCH, SIGCONT, SIGTSTP, SIGCHLD}));
    signals_ = std::move(signals);
    sys::ignore_signal(SIGPIPE);
    LET(watch, loop_.watch(signals_, sys::Interest::Read, [this](auto) { on_signals(); }));
    (void)watch;
    if (request_.profile.resources.wall_time)
        time_limit_ = sys::now() + *request_.profile.resources.wall_time;
    return {};
}

Result<> Supervisor::start_desk()
{
    LET(desk, FrontDesk::open(
                  loop_, folders_.runtime, desk_rules(request_.profile.approvals), desk_hooks()));
    desk_ = std::move(desk);
    if (request_.is_attended)
        desk_->set_attended();
    return {};
}

FrontDeskHooks Supervisor::desk_hooks()
{
    FrontDeskHooks hooks;
    hooks.answer_proxy = [this](policy::Answer const& answer) {
        if (netproxy_ && !netproxy_->is_gone() && !netproxy_->send(answer).ok())
            handle(NetproxyFailed{"does not take answers any more"});
    };
    hooks.note = [this](auto const& kind, auto const& text) { note(kind, text); };
    hooks.hello = [this] {
        policy::control::ServerHello hello;
        hello.session = folders_.id;
        hello.osh = OSH_VERSION;
        hello.profile = request_.profile.name;
        hello.agent = request_.agent;
        hello.project = request_.plan.project.substr(request_.plan.project.rfind('/') + 1);
        hello.started = rfc3339(started_);
        hello.max_scope =
            request_.profile.approvals.max_scope == policy::GrantScope::Once ? "once" : "session";
        return hello;
    };
    hooks.info = [this] {
        auto const grants = desk_->desk().grants().size();
        return policy::control::SessionInfo{0, folders_.id, request_.name, request_.profile.name,
            request_.agent, request_.plan.project, rfc3339(started_),
            session_.is_over()      ? "stopping"
            : session_.is_running() ? "running"
                                    : "starting",
            sys::own_process_id(), static_cast<std::uint32_t>(desk_->desk().open().size()),
            static_cast<std::uint32_t>(grants), allowed_, denied_, generation_};
    };
    hooks.stop = [this](int signal) { handle(StopAsked{signal}); };
    hooks.ports = [this]() -> SessionPorts& { return *ports_; };
    hooks.set_policy = [this](ClientId client, auto const& set) { set_policy(client, set); };
    return hooks;
}

void Supervisor::handle(SessionEvent const& event)
{
    for (auto const& command : session_.handle(event))
        perform(command);
    // Each stage of the start has its own time: osh itself may have been stopped meanwhile.
    start_limit_ = session_.is_starting() ? sys::now() + kStartLimit : Instant::never();
}

void Supervisor::perform(SessionCommand const& command)
{
    if (auto const* start = std::get_if<StartAgent>(&command)) {
        if (init_ && !init_->send(WordStart{start->ca_pem}).ok())
            handle(InitGone{"does not listen"});
    } else if (auto const* signal = std::get_if<SignalAgent>(&command)) {
        if (init_)
            (void)init_->send(WordSignal{signal->signal}).ok(); // its end is told by the pidfd
    } else if (std::holds_alternative<KillSandbox>(command)) {
        if (init_)
            init_->kill();
    } else if (std::holds_alternative<TakeTerminal>(command)) {
        relay_->take_terminal(folders_.janitor);
    } else if (std::holds_alternative<GiveTerminalBack>(command)) {
        if (relay_)
            relay_->give_terminal_back(folders_.janitor);
    } else if (auto const* stop = std::get_if<StopOurselves>(&command)) {
        sys::stop_own_group(stop->signal);
        handle(Continued{});
    } else if (auto const* complaint = std::get_if<Complain>(&command)) {
        failure_ = complaint->sentence;
        complain(complaint->sentence);
    }
}

void Supervisor::on(policy::FromNetproxy const& message)
{
    if (auto const* ready = std::get_if<policy::Ready>(&message)) {
        handle(NetproxyReady{ready->ca_pem});
    } else if (auto const* question = std::get_if<policy::Question>(&message)) {
        desk_->ask(*question);
    } else if (auto const* gone = std::get_if<policy::QuestionGone>(&message)) {
        desk_->gone(gone->id);
    } else if (auto const* decided = std::get_if<policy::Decided>(&message)) {
        tally_.count(*decided);
        ++(decided->decision == "deny" ? denied_ : allowed_);
        if (request_.profile.audit.journal != policy::JournalDetail::Off)
            journal(journal_line(*decided, sys::wall_now()));
    } else if (auto const* notice = std::get_if<policy::Notice>(&message)) {
        tally_.count(*notice);
        note("notice", notice->code + ": " + notice->text);
        desk_->server().send_to_all(policy::control::Notice{notice->code, notice->text});
    } else if (auto const* closed = std::get_if<policy::FlowClosed>(&message)) {
        tally_.count(*closed);
    } else if (auto const* dropped = std::get_if<policy::Dropped>(&message)) {
        tally_.count(*dropped);
    } else if (auto const* loaded = std::get_if<policy::PolicyLoaded>(&message)) {
        on_policy_loaded(*loaded);
    }
}

void Supervisor::on(FromInit const& word)
{
    if (std::holds_alternative<WordStarted>(word)) {
        handle(AgentStarted{});
        ports_->agent_started();
    } else if (auto const* listeners = std::get_if<WordListeners>(&word)) {
        heard_listeners_ = true;
        ports_->hear(*listeners);
    } else if (auto const* stopped = std::get_if<WordStopped>(&word))
        handle(AgentStopped{stopped->signal});
    else if (auto const* ended = std::get_if<WordEnded>(&word))
        handle(AgentEnded{ended->by_signal, ended->value});
    else if (auto const* refused = std::get_if<WordRefused>(&word))
        on(*refused);
    else if (auto const* failed = std::get_if<WordFailed>(&word))
        handle(LaunchFailed{
            failed->step.empty() ? failed->sentence : failed->step + ": " + failed->sentence,
            failed->exit_code});
}

// A name that the host would obey: refused inside, told here.
void Supervisor::on(WordRefused const& refused)
{
    policy::Notice const notice{
        "protected-name", fmt::format("{} ({})", shown(refused.path), shown(refused.why))};
    tally_.count(notice);
    note("notice", notice.code + ": " + notice.text);
    desk_->server().send_to_all(policy::control::Notice{notice.code, notice.text});
}

void Supervisor::on_signals()
{
    for (;;) {
        auto signal = sys::next_signal(signals_);
        if (!signal.ok() || !*signal)
            return;
        if (**signal == SIGCHLD)
            continue_helpers();
        else if (**signal == SIGWINCH)
            relay_->resized();
        else if (**signal == SIGCONT)
            handle(Continued{});
        else if (session_.is_over())
            is_abandoned_ = true;
        else
            handle(SignalCaught{**signal});
    }
}

// Nobody of ours has a reason to stand still: a helper that somebody stopped would stop the agent's
// network, or hide the agent's end.
void Supervisor::continue_helpers()
{
    if (netproxy_)
        netproxy_->continue_if_stopped();
    if (init_)
        init_->continue_if_stopped();
    if (doors_)
        doors_->continue_if_stopped();
}

void Supervisor::note(std::string const& kind, std::string const& text)
{
    journal(journal_line(
        JournalEvent{
            kind, {{"text", policy::json::Value{std::string(clipped(text, kJournalField))}}}},
        sys::wall_now()));
}

void Supervisor::journal(std::string const& line)
{
    journal_.write(line, sys::now(), sys::wall_now());
    if (auto const problem = journal_.take_problem(); problem && desk_)
        desk_->server().send_to_all(policy::control::Notice{"journal", *problem});
}

void Supervisor::complain(std::string const& sentence) const
{
    fmt::print(stderr, "osh: {}\n", shown_lines(sentence));
}

Instant Supervisor::next_deadline() const
{
    Instant soonest =
        std::min({desk_->next_deadline(), time_limit_, start_limit_, ports_->next_deadline()});
    if (netproxy_)
        soonest = std::min(soonest, netproxy_->next_deadline());
    if (relay_ && relay_->waits_for_foreground())
        soonest = std::min(soonest, sys::now() + kForegroundLook);
    return soonest;
}

void Supervisor::on_time()
{
    Instant const now = sys::now();
    bool const looks = ports_->next_deadline() <= now;
    ports_->tick(now);
    if (!std::exchange(heard_listeners_, false) && !looks)
        ports_->stirred(now);
    if (netproxy_)
        netproxy_->tick();
    if (desk_->next_deadline() <= now)
        desk_->tick();
    if (time_limit_ <= now && !session_.is_over())
        handle(TimeIsUp{});
    if (start_limit_ <= now)
        handle(StartIsLate{});
    if (relay_ && relay_->waits_for_foreground())
        relay_->take_terminal(folders_.janitor);
}

int Supervisor::run()
{
    start_limit_ = sys::now() + kStartLimit;
    for (auto const& command : session_.begin())
        perform(command);
    while (!session_.is_over()) {
        if (auto turn = loop_.run_once(next_deadline()); !turn.ok()) {
            handle(LaunchFailed{turn.error().sentence, kExitHelperDied});
            break;
        }
        on_time();
    }
    wait_for_the_end();
    return finish();
}

// The agent's status is known. Init ends by itself and takes the rest with it; then what was
// written is carried out to the last byte, and netproxy tells its last counts.
int supervise(SessionRequest request, SessionFolders folders)
{
    auto loop = sys::EventLoop::create();
    if (!loop.ok()) {
        fmt::print(stderr, "osh: {}\n", loop.error().sentence);
        return kExitCannotStart;
    }
    Supervisor supervisor(std::move(request), std::move(folders), *std::move(loop));
    if (auto started = supervisor.start(); !started.ok()) {
        fmt::print(stderr, "osh: {}\n", shown_lines(started.error().sentence));
        return kExitCannotStart;
    }
    return supervisor.run();
}

} // namespace osh::launcher
