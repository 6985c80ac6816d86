// `osh policy set SESSION FILE`: replaces the network part of a running session. Compiled here
// first, so that errors show with their place; the session compiles it again before it believes.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/control_client.h"
#include "launcher/supervise/profile_store.h"
#include "launcher/supervise/session_files.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/event_loop.h"
#include "policy/base/text.h"
#include "policy/compile/policy.h"
#include "policy/compile/profile_units.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

Result<policy::PolicyLayer> checked_layer(std::string const& file)
{
    LET(places, launcher::find_store_places());
    LET(layer, launcher::load_policy_file(places, file));
    auto const compiled = policy::compile_policy({layer});
    if (!compiled.diagnostics.empty())
        fmt::print(stderr, "{}", render(compiled.diagnostics));
    if (!compiled.policy)
        return fail(Errc::Invalid, "the policy has errors; the session keeps the one it has");
    return layer;
}

Result<policy::control::PolicyResult> set_policy(
    launcher::Environment const& environment, ParsedOptions const& options, Duration patience)
{
    LET(layer, checked_layer(options.positionals[1]));
    LET(id, launcher::session_by_word(
                environment, launcher::running_sessions(environment), options.positionals[0]));
    LET(client, launcher::ControlClient::connect(environment, id, "decide"));
    TRY(client.send(policy::control::SetPolicy{1, layer.name, layer.text}));
    if (!options.has("wait"))
        patience = launcher::kClientPatience;
    return client.receive_a<policy::control::PolicyResult>(sys::now() + patience);
}

} // namespace

int policy_set_command(Arguments arguments)
{
    OptionTable const table{"policy set", "SESSION FILE [--wait] [--timeout DUR]",
        "Replace the network part of a running session's policy.",
        {{"--wait", "", "until the session decides by it: 0 loaded, 1 refused, 124 timed out"},
            {"--timeout", "DUR", "how long to wait, 60s"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    if (options->positionals.size() != 2)
        return tell_usage(table, "a session and a file are needed");
    auto const patience = policy::parse_duration(options->last("timeout", "60s"));
    if (!patience)
        return tell_usage(table, "--timeout takes a duration such as 60s");
    auto const environment = launcher::environment_of_this_process();
    auto const result = set_policy(environment, *options, *patience);
    if (!result.ok()) {
        tell(result.error());
        return result.error().code == Errc::Busy ? kTimedOut : kNegative;
    }
    if (!result->text.empty())
        fmt::print(stderr, "{}\n", launcher::shown_lines(result->text));
    if (result->ok)
        fmt::print("policy generation {} is in force\n", result->generation);
    return result->ok ? kSuccess : kNegative;
}

} // namespace osh::cli
