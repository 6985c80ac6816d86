// `osh stop` and `osh wait`.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/control_client.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/event_loop.h"
#include "policy/base/text.h"
#include "policy/compile/profile_units.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

// The exit code of the session; Errc::Busy when the time is over first.
Result<int> wait_for_end(launcher::ControlClient& client, Instant deadline)
{
    auto end = client.receive_a<policy::control::End>(deadline);
    if (end.ok())
        return end->exit;
    if (end.error().code == Errc::Closed)
        return 0;
    return std::unexpected<Error>(std::move(end).error());
}

Result<> stop_session(
    launcher::Environment const& environment, std::string const& prefix, Duration patience)
{
    LET(id,
        launcher::session_by_word(environment, launcher::running_sessions(environment), prefix));
    LET(client, launcher::ControlClient::connect(environment, id, "decide"));
    TRY(client.send(policy::control::Stop{1, "TERM"}));
    if (wait_for_end(client, sys::now() + patience).ok())
        return {};
    TRY(client.send(policy::control::Stop{2, "KILL"}));
    LET(exit_code, wait_for_end(client, launcher::soon()));
    (void)exit_code;
    return {};
}

} // namespace

int stop_command(Arguments arguments)
{
    OptionTable const table{"stop", "SESSION… [--time DUR]", "End sessions.",
        {{"--time", "DUR", "how long the agent may take before it is killed, 10s"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    if (options->positionals.empty())
        return tell_usage(table, "which session?");
    auto const patience = policy::parse_duration(options->last("time", "10s"));
    if (!patience)
        return tell_usage(table, "--time takes a duration such as 10s");
    auto const environment = launcher::environment_of_this_process();
    for (auto const& prefix : options->positionals)
        if (auto stopped = stop_session(environment, prefix, *patience); !stopped.ok())
            exit_code = tell(stopped.error());
    return exit_code;
}

int wait_command(Arguments arguments)
{
    OptionTable const table{"wait", "SESSION [--timeout DUR]",
        "Wait for a session's end and exit with its status.",
        {{"--timeout", "DUR", "give up after this time, with status 124"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    if (options->positionals.size() != 1)
        return tell_usage(table, "which session?");
    Instant deadline = Instant::never();
    if (options->has("timeout")) {
        auto const limit = policy::parse_duration(options->last("timeout"));
        if (!limit)
            return tell_usage(table, "--timeout takes a duration such as 30s");
        deadline = sys::now() + *limit;
    }
    auto const environment = launcher::environment_of_this_process();
    auto const id = launcher::session_by_word(
        environment, launcher::running_sessions(environment), options->positionals.front());
    if (!id.ok())
        return tell(id.error());
    auto client = launcher::ControlClient::connect(environment, *id, "watch");
    if (!client.ok())
        return tell(client.error());
    auto const ended = wait_for_end(*client, deadline);
    if (ended.ok())
        return *ended;
    tell(ended.error());
    return ended.error().code == Errc::Busy ? kTimedOut : kNegative;
}

} // namespace osh::cli
