// `osh env`: what would become of each variable: kept, removed, set, or a placeholder. Shows names
// and reasons, never values.

#include "credentials/source/source.h"
#include "launcher/cli/options.h"
#include "launcher/cli/process_environment.h"
#include "launcher/cli/profile_command.h"
#include "launcher/plan/environment.h"
#include "policy/base/text.h"

#include <cstdio>
#include <fmt/core.h>
#include <map>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const rows{"env", "[--profile NAME|FILE]",
        "The variables that an agent would get: kept, set, removed, placeholder.",
        {{"-p,--profile", "NAME|FILE", "repeatable: later extends earlier; default strict"},
            {"--json", "", "one JSON object a line"}}};
    return rows;
}

using Fates = std::map<std::string, std::string>;

Fates fates_of(policy::Profile const& profile, credentials::SourceContext const& context)
{
    launcher::HostFacts facts;
    facts.environment = context.environment;
    facts.home = context.home;
    launcher::Plan plan;
    plan.has_network = profile.network.mode != policy::NetworkMode::Off;
    launcher::add_environment(plan, facts, profile);
    Fates fates;
    for (auto const& entry : plan.environment) {
        std::string const name = entry.substr(0, entry.find('='));
        auto const host = context.environment.find(name);
        bool const is_kept =
            host != context.environment.end() && entry.substr(name.size() + 1) == host->second;
        fates[name] = is_kept ? "kept" : "set";
    }
    for (auto const& name : plan.environment_removed)
        fates[name] = "removed";
    for (auto const* credential : credentials::in_force(profile, context))
        for (auto const& env : credential->env)
            fates[env.name] = "placeholder for " + shown(credential->name);
    return fates;
}

} // namespace

int env_command(Arguments arguments)
{
    auto const options = parse_options(table(), arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return 2;
    }
    if (options->wants_help || !options->positionals.empty()) {
        fmt::print(options->wants_help ? stdout : stderr, "{}", help_text(table()));
        return options->wants_help ? 0 : 2;
    }
    auto const places = launcher::find_store_places();
    if (!places.ok()) {
        fmt::print(stderr, "osh: {}\n", places.error().sentence);
        return 1;
    }
    auto const profile = loaded_or_reported(*places, options->all("profile"));
    if (!profile)
        return 1;
    credentials::SourceContext const context = context_of_process();
    for (auto const& [name, fate] : fates_of(*profile, context)) {
        if (options->has("json"))
            fmt::print(
                "{{\"v\":1,\"name\":{},\"fate\":{}}}\n", json_quoted(name), json_quoted(fate));
        else
            fmt::print("{:<32} {}\n", shown(name), fate);
    }
    return 0;
}

} // namespace osh::cli
