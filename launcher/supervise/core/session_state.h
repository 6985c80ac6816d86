#pragma once
// The life of a session as a state machine: what happened goes in, what to do comes out. Pure: no
// descriptor, no clock. The driver (launcher/supervise/supervisor) performs the commands.
//
//   Starting ── netproxy ready ──> Launching ── agent started ──> Running <──> Suspended
//       └────────── anything fails, any helper dies ──────────────> Over
//
// Should: end with the agent's own status. Mustn't: leave the agent running once a helper is gone.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace osh::launcher
{

// Exit codes of osh itself (cli design).
inline constexpr int kExitHelperDied = 70;
inline constexpr int kExitDeniedUnattended = 123;
inline constexpr int kExitTimeLimit = 124;
inline constexpr int kExitCannotStart = 125;
inline constexpr int kExitBySignal = 128; // + the signal

// ---- what happened
struct NetproxyReady {
};
struct NetproxyFailed { // it ended, or spoke nonsense
    std::string how;
};
struct AgentStarted {
};
struct AgentStopped { // job control
    int signal = 0;
};
struct AgentEnded {
    bool by_signal = false;
    int value = 0;
};
struct LaunchFailed {
    std::string sentence;
    int exit_code = kExitCannotStart;
};
struct InitGone {
    std::string how;
};
struct SignalCaught { // one that ends or informs the agent: INT, TERM, HUP, QUIT, USR1, USR2, TSTP
    int signal = 0;
};
struct Continued { // SIGCONT, or the return from a stop of our own
};
struct StopAsked { // `osh stop`
    int signal = 0;
};
struct TimeIsUp {
};
struct StartIsLate { // the stage of the start we are in does not end
};
using SessionEvent = std::variant<NetproxyReady, NetproxyFailed, AgentStarted, AgentStopped,
    AgentEnded, LaunchFailed, InitGone, SignalCaught, Continued, StopAsked, TimeIsUp, StartIsLate>;

// ---- what to do
struct StartAgent {
};
struct SignalAgent {
    int signal = 0;
};
struct KillSandbox { // SIGKILL to init: the PID namespace takes everything with it
};
struct TakeTerminal { // raw, if we are in the foreground
};
struct GiveTerminalBack {
};
struct StopOurselves { // the shell that started us must see a stopped job
    int signal = 0;
};
struct Finish {
    int exit_code = 0;
};
struct Complain { // to stderr, one paragraph
    std::string sentence;
};
using SessionCommand = std::variant<StartAgent, SignalAgent, KillSandbox, TakeTerminal,
    GiveTerminalBack, StopOurselves, Finish, Complain>;
using SessionCommands = std::vector<SessionCommand>;

enum class FailedBy { Nobody, Osh, Program };

enum class Network : bool { Off, On };

class Session
{
public:
    explicit Session(Network network)
        : stage_(network == Network::On ? Stage::Starting : Stage::Prepared)
    {
    }

    // Without a network nothing has to get ready: the first commands come from here.
    SessionCommands begin();
    SessionCommands handle(SessionEvent const& event);

    bool is_starting() const { return !is_over() && !is_running(); }
    bool is_over() const { return stage_ == Stage::Over; }
    // From the moment the agent was told to start: its first output may come before init's word.
    bool may_be_running() const { return stage_ == Stage::Launching || is_running(); }
    bool is_running() const { return stage_ == Stage::Running || stage_ == Stage::Suspended; }
    FailedBy failed_by() const { return failed_by_; }
    int exit_code() const { return exit_code_; }
    bool ended_by_signal() const { return ended_by_signal_; }

private:
    enum class Stage { Starting, Prepared, Launching, Running, Suspended, Over };

    SessionCommands on(NetproxyReady const& event);
    SessionCommands on(NetproxyFailed const& event);
    SessionCommands on(AgentStarted const& event);
    SessionCommands on(AgentStopped const& event);
    SessionCommands on(AgentEnded const& event);
    SessionCommands on(LaunchFailed const& event);
    SessionCommands on(InitGone const& event);
    SessionCommands on(SignalCaught const& event);
    SessionCommands on(Continued const& event);
    SessionCommands on(StopAsked const& event);
    SessionCommands on(TimeIsUp const& event);
    SessionCommands on(StartIsLate const& event);
    SessionCommands kill();
    SessionCommands end(FailedBy by, int exit_code, std::string sentence);

    Stage stage_;
    FailedBy failed_by_ = FailedBy::Nobody;
    int exit_code_ = 0;
    bool ended_by_signal_ = false;
    bool is_killed_ = false; // on request: which process of ours is seen to go first says nothing
    int fatal_signals_ = 0;  // a second TERM, INT, HUP or QUIT does not ask any more
};

} // namespace osh::launcher
