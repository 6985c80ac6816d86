#include "launcher/supervise/core/session_state.h"

#include <csignal>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

bool is_fatal(int signal)
{
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

} // namespace

SessionCommands Session::begin()
{
    if (stage_ != Stage::Prepared)
        return {};
    stage_ = Stage::Launching;
    return {TakeTerminal{}, StartAgent{}};
}

SessionCommands Session::handle(SessionEvent const& event)
{
    if (is_over())
        return {};
    return std::visit([this](auto const& happened) { return on(happened); }, event);
}

SessionCommands Session::on(NetproxyReady const&)
{
    if (stage_ != Stage::Starting)
        return end(FailedBy::Osh, kExitHelperDied, "the network helper said ready twice");
    stage_ = Stage::Launching;
    // Raw before the agent's first byte: its output must not pass through the outer terminal's
    // modes.
    return {TakeTerminal{}, StartAgent{}};
}

SessionCommands Session::on(NetproxyFailed const& event)
{
    if (is_killed_)
        return on(AgentEnded{true, SIGKILL});
    if (!may_be_running())
        return end(FailedBy::Osh, kExitCannotStart,
            fmt::format("the network helper {} before the agent started", event.how));
    return end(FailedBy::Osh, kExitHelperDied,
        fmt::format("the network helper {}. The agent was stopped because nothing may pass "
                    "unchecked",
            event.how));
}

SessionCommands Session::on(AgentStarted const&)
{
    if (stage_ != Stage::Launching)
        return {};
    stage_ = Stage::Running;
    return {};
}

SessionCommands Session::on(AgentStopped const& event)
{
    if (stage_ != Stage::Running)
        return {};
    stage_ = Stage::Suspended;
    return {GiveTerminalBack{}, StopOurselves{event.signal}};
}

SessionCommands Session::on(AgentEnded const& event)
{
    stage_ = Stage::Over;
    ended_by_signal_ = event.by_signal;
    exit_code_ = event.by_signal ? kExitBySignal + event.value : event.value;
    failed_by_ = exit_code_ == 0 ? FailedBy::Nobody : FailedBy::Program;
    return {Finish{exit_code_}};
}

SessionCommands Session::on(LaunchFailed const& event)
{
    return end(FailedBy::Osh, event.exit_code, event.sentence);
}

SessionCommands Session::on(InitGone const& event)
{
    if (is_killed_)
        return on(AgentEnded{true, SIGKILL});
    int const code = may_be_running() ? kExitHelperDied : kExitCannotStart;
    return end(FailedBy::Osh, code,
        fmt::format("the sandbox's own init {}; the agent ended with it", event.how));
}

SessionCommands Session::on(SignalCaught const& event)
{
    if (may_be_running()) { // init takes its words in order: first the start, then the signal
        // The first one is the agent's to handle; whoever repeats it three times means it.
        constexpr int kPatience = 3;
        if (is_fatal(event.signal) && event.signal != SIGINT && ++fatal_signals_ >= kPatience)
            return kill();
        return {SignalAgent{event.signal}};
    }
    if (!is_fatal(event.signal))
        return {};
    return end(FailedBy::Osh, kExitBySignal + event.signal, "");
}

SessionCommands Session::on(Continued const&)
{
    if (stage_ == Stage::Running)
        return {TakeTerminal{}};
    if (stage_ != Stage::Suspended)
        return {};
    stage_ = Stage::Running;
    return {TakeTerminal{}, SignalAgent{SIGCONT}};
}

SessionCommands Session::on(StopAsked const& event)
{
    if (!is_running())
        return end(FailedBy::Osh, kExitBySignal + event.signal, "");
    if (event.signal == SIGKILL)
        return kill();
    // A stopped agent would not see the signal.
    return {SignalAgent{event.signal}, SignalAgent{SIGCONT}};
}

SessionCommands Session::on(TimeIsUp const&)
{
    return end(FailedBy::Osh, kExitTimeLimit, "the time limit of this session was reached");
}

SessionCommands Session::on(StartIsLate const&)
{
    if (!is_starting())
        return {};
    return end(FailedBy::Osh, kExitCannotStart,
        stage_ == Stage::Starting
            ? "the network helper does not get ready.\nfix: is the machine out of memory or hung "
              "on a network file system? `osh doctor` checks what it offers."
            : "the agent does not get started: the sandbox's own init does not answer.\nfix: is "
              "the program on a file system that does not answer?");
}

SessionCommands Session::kill()
{
    is_killed_ = true;
    return {KillSandbox{}};
}

SessionCommands Session::end(FailedBy by, int exit_code, std::string sentence)
{
    stage_ = Stage::Over;
    failed_by_ = by;
    exit_code_ = exit_code;
    SessionCommands commands{KillSandbox{}, GiveTerminalBack{}};
    if (!sentence.empty())
        commands.push_back(Complain{std::move(sentence)});
    commands.push_back(Finish{exit_code});
    return commands;
}

} // namespace osh::launcher
