#include "launcher/cli/session_options.h"

#include "credentials/source/source.h"
#include "launcher/apply/host_probe.h"
#include "launcher/cli/session_credentials.h"
#include "launcher/cli/session_overrides.h"
#include "launcher/supervise/agent_program.h"
#include "launcher/supervise/core/flag_layers.h"
#include "launcher/supervise/profile_store.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/host_view.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using launcher::SessionRequest;

std::string rendered_errors(Diagnostics const& diagnostics, std::string_view what)
{
    auto const errors = std::count_if(diagnostics.begin(), diagnostics.end(),
        [](auto const& found) { return found.severity == Severity::Error; });
    return fmt::format("{} has {} error{}, nothing was started\n\n{}", what, errors,
        errors == 1 ? "" : "s", render(diagnostics));
}

// Profiles named, else the configured default, else strict; the agent's preset comes last.
std::vector<std::string> profile_names(launcher::StorePlaces const& places,
    launcher::Environment const& environment, ParsedOptions const& options)
{
    std::vector<std::string> names = options.all("profile");
    auto const configured = environment.find("OSH_PROFILE");
    if (names.empty() && configured != environment.end() && !configured->second.empty())
        names.push_back(configured->second);
    if (options.positionals.empty())
        return names;
    std::string const preset = launcher::preset_for_command(places, options.positionals.front());
    if (preset.empty() || std::find(names.begin(), names.end(), preset) != names.end())
        return names;
    if (names.empty())
        names.push_back("strict");
    names.push_back(preset);
    return names;
}

Result<policy::Profile> profile_of(launcher::StorePlaces const& places,
    launcher::Environment const& environment, ParsedOptions const& options)
{
    LET(loaded, launcher::load_profile(places, profile_names(places, environment, options)));
    if (!loaded.profile)
        return fail(Errc::Invalid, rendered_errors(loaded.diagnostics, "profile"));
    if (!loaded.diagnostics.empty())
        fmt::print(stderr, "{}", render(loaded.diagnostics));
    return *std::move(loaded.profile);
}

// --policy, else the variables of both families, else what the profile names.
std::string policy_named(launcher::Environment const& environment, ParsedOptions const& options)
{
    if (options.has("policy"))
        return options.last("policy");
    for (auto const* name : {"OSH_SANDBOX_POLICY", "OPENSHELL_SANDBOX_POLICY"})
        if (auto const found = environment.find(name);
            found != environment.end() && !found->second.empty())
            return found->second;
    return {};
}

Result<std::vector<policy::PolicyLayer>> layers_of(launcher::StorePlaces const& places,
    launcher::Environment const& environment, ParsedOptions const& options,
    policy::Profile& profile)
{
    std::vector<policy::PolicyLayer> layers;
    if (std::string const named = policy_named(environment, options); !named.empty()) {
        LET(layer, launcher::load_policy_file(places, named));
        layer.rank = policy::LayerRank::User;
        layers.push_back(std::move(layer));
        profile.policy.file = named;
        // Without a profile a document means what it means in OpenShell.
        if (!options.has("profile"))
            profile.policy.default_enforce = false;
    } else {
        LET(found, launcher::load_policy_layers(places, profile));
        layers = std::move(found);
    }
    LET(flags, launcher::layer_of_flags(options.all("allow"), options.all("deny")));
    auto const host_ports = launcher::layer_of_host_ports(profile.network.connect);
    if (!host_ports.empty())
        layers.push_back({"(network.connect)", host_ports, "", policy::LayerRank::Session});
    if (!flags.empty())
        layers.push_back({"(command line)", flags, "", policy::LayerRank::Session});
    return layers;
}

// What may only narrow comes last; the project is known once the host was looked at.
Result<> add_narrowing_layers(launcher::StorePlaces const& places, SessionRequest& request)
{
    LET(narrowing, launcher::load_narrowing_layers(
                       places, request.profile.overlay, request.facts.project_root));
    std::move(narrowing.begin(), narrowing.end(), std::back_inserter(request.layers));
    return {};
}

std::vector<launcher::PolicySource> sources_of(std::vector<policy::PolicyLayer> const& layers)
{
    std::vector<launcher::PolicySource> out;
    for (auto const& layer : layers)
        out.push_back({std::string(policy::name_of(layer.rank)), layer.name,
            policy::may_only_narrow(layer.rank) ? launcher::PolicySource::May::Narrow
                                                : launcher::PolicySource::May::Grant});
    return out;
}

Result<std::shared_ptr<policy::Policy const>> compiled(SessionRequest const& request)
{
    auto const result = policy::compile_policy(
        request.layers, request.profile.policy.default_enforce ? policy::Enforcement::DefaultEnforce
                                                               : policy::Enforcement::AsWritten);
    if (!result.policy)
        return fail(Errc::Invalid, rendered_errors(result.diagnostics, "policy"));
    if (!result.diagnostics.empty() && request.verbosity == launcher::Verbosity::Verbose)
        fmt::print(stderr, "{}", render(result.diagnostics));
    return result.policy;
}

bool is_installed(launcher::Environment const& environment, std::string const& name)
{
    auto const path = environment.find("PATH");
    if (path == environment.end())
        return false;
    auto const folders = split(path->second, ':');
    return std::any_of(folders.begin(), folders.end(), [&](std::string_view folder) {
        return sys::look_at(fmt::format("{}/{}", folder, name)).exists;
    });
}

std::vector<std::string> command_of(policy::Profile const& profile,
    launcher::Environment const& environment, ParsedOptions const& options)
{
    std::vector<std::string> command = options.positionals;
    bool const has_preset = profile.agent && !profile.agent->command.empty();
    if (command.empty() && has_preset)
        command = {profile.agent->command};
    if (command.empty() || !has_preset)
        return command;
    auto const& agent = *profile.agent;
    bool const is_alias = std::find(agent.aliases.begin(), agent.aliases.end(), command.front())
                          != agent.aliases.end();
    // An alias is another spelling of the agent, unless a program of that name is installed:
    // `osh run sh` means sh, also where a preset for shells applies.
    if (is_alias && !is_installed(environment, command.front()))
        command.front() = agent.command;
    if (command.front() == agent.command)
        command.insert(command.begin() + 1, agent.args.begin(), agent.args.end());
    return command;
}

std::string plan_errors(std::vector<Error> const& errors)
{
    std::string text;
    for (auto const& error : errors)
        text += (text.empty() ? "" : "\nosh: ") + error.sentence;
    return text;
}

Result<> look_at_host(SessionRequest& request, For use)
{
    LET(facts, launcher::probe_host(launcher::probe_request(request.profile)));
    request.facts = std::move(facts);
    if (use == For::Run)
        launcher::limit_helpers(
            request.head_start, launcher::plan_group(request.profile.resources, request.facts));
    return {};
}

launcher::Uplink likely_uplink(ParsedOptions const& options)
{
    return options.has("offline") ? launcher::Uplink::None : launcher::Uplink::Tun;
}

launcher::Verbosity verbosity_of(ParsedOptions const& options)
{
    if (options.has("quiet"))
        return launcher::Verbosity::Quiet;
    return options.has("verbose") ? launcher::Verbosity::Verbose : launcher::Verbosity::Normal;
}

} // namespace

std::vector<OptionRow> session_option_rows()
{
    return {
        {"-p,--profile", "NAME|FILE", "profile; repeatable, a later one extends an earlier one"},
        {"--policy", "FILE", "this policy instead of the profile's (OpenShell documents load)"},
        {"-C,--directory", "DIR", "start in DIR"},
        {"--allow", "HOST[:PORT][/METHOD]", "allow this host for this session"},
        {"--deny", "HOST[:PORT]", "refuse this host for this session"},
        {"--read", "PATH", "show PATH read-only"},
        {"--write", "PATH", "show PATH read-write"},
        {"--ro", "", "show the project read-only"},
        {"--overlay", "", "what is written to the project goes aside, for `osh changes`"},
        {"--env", "NAME[=VALUE]", "pass or set a variable"},
        {"--unset", "NAME", "do not pass a variable"},
        {"--no-credential", "NAME|all", "lend no such credential"},
        {"--approvals", "ask|queue|deny", "what happens with requests that no rule mentions"},
        {"--approval-timeout", "DUR", "how long a question waits, at most 55s"},
        {"--publish", "[HOST:]PORT[:PORT]", "lead a port of 127.0.0.1 to a listener inside"},
        {"--add-host", "NAME:IP", "this address for this name, as rules admit it"},
        {"--offline", "", "no network"},
        {"--allow-weaker", "FEATURE", "consent to a missing protection: landlock"},
    };
}

Result<SessionRequest> session_request(ParsedOptions const& options, For use)
{
    if (options.has("directory"))
        TRY(sys::change_folder(options.last("directory")));
    LET(places, launcher::find_store_places());
    auto const environment = launcher::environment_of_this_process();
    SessionRequest request;
    if (use == For::Run)
        request.head_start = launcher::begin_helpers(likely_uplink(options));
    request.verbosity = verbosity_of(options);
    LET(profile, profile_of(places, environment, options));
    TRY(apply_overrides(options, profile));
    if (use == For::Run)
        launcher::tell_helpers(request.head_start, profile);
    LET(layers, layers_of(places, environment, options, profile));
    request.profile = std::move(profile);
    request.layers = std::move(layers);
    auto const command = command_of(request.profile, environment, options);
    if (command.empty())
        return fail(Errc::Invalid, "no command. Say what to run, for example `osh run -- bash`; "
                                   "`osh run --help` lists the options.");
    request.agent = command.front().substr(command.front().rfind('/') + 1);
    launcher::resolve_programs(
        request.profile, launcher::program_finder(environment, command.front()));
    TRY(look_at_host(request, use));
    TRY(add_narrowing_layers(places, request));
    LET(policy, compiled(request));
    for (auto const& flag : options.all("env"))
        if (flag.find('=') == std::string::npos && !request.facts.environment.contains(flag))
            return fail(
                Errc::NotFound, fmt::format("--env {}: no such variable here", in_quotes(flag)));
    auto planned = launcher::make_plan(request.profile, *policy, request.facts, command);
    if (!planned.errors.empty())
        return fail(Errc::Invalid, plan_errors(planned.errors));
    request.plan = std::move(planned.plan);
    request.plan.policy_sources = sources_of(request.layers);
    TRY(add_credentials(request, environment, use));
    return request;
}

} // namespace osh::cli
