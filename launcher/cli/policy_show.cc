// `osh policy show`: a policy as what it lets happen, one line each. With a profile: all layers
// that a session started here would have; --effective names them and the place of every rule.

#include "launcher/cli/policy_command.h"
#include "policy/base/text.h"
#include "policy/explain/grants.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy show", "FILE | --profile NAME",
        "Everything the policy lets happen, one line each; presets are shown as rules.",
        {{"-p,--profile", "NAME", "all that a session with this profile has, started here"},
            {"--effective", "", "with the layers, and where each rule is written"},
            {"--json", "", "one JSON object"}},
        Positionals::Intermixed};
    return options;
}

enum class Origins : bool { Hide, Show };
using Grants = std::map<std::string, std::string>;

struct Shown {
    policy::CompiledPolicy compiled;
    std::vector<policy::PolicyLayer> layers;
};

std::string_view power_of(policy::LayerRank rank)
{
    return policy::may_only_narrow(rank) ? "narrow" : "grant";
}

Result<Shown> shown_policy(ParsedOptions const& options)
{
    if (options.has("profile")) {
        LET(found, load_profile_policy(options.last("profile")));
        return Shown{std::move(found.compiled), std::move(found.layers)};
    }
    std::string const& file = options.positionals.front();
    return Shown{load_policy_file(file), {{file, "", "", policy::LayerRank::User}}};
}

std::string json_grants(Grants const& grants, Origins origins)
{
    std::string out;
    for (auto const& [grant, origin] : grants) {
        out += out.empty() ? "" : ",";
        out += origins == Origins::Show ? fmt::format(
                   "{{\"grant\":{},\"origin\":{}}}", json_quoted(grant), json_quoted(origin))
                                        : json_quoted(grant);
    }
    return "[" + out + "]";
}

void print_json(Shown const& shown, Origins origins)
{
    policy::Policy const& policy = *shown.compiled.policy;
    std::string more;
    if (origins == Origins::Show) {
        for (auto const& layer : shown.layers)
            more += fmt::format("{}{{\"layer\":\"{}\",\"name\":{},\"may\":\"{}\"}}",
                more.empty() ? "" : ",", name_of(layer.rank), json_quoted(layer.name),
                power_of(layer.rank));
        more = ",\"layers\":[" + more + "]";
    }
    std::string ceilings;
    for (auto const& ceiling : policy.ceilings)
        ceilings += fmt::format("{}{{\"layer\":\"{}\",\"grants\":{}}}", ceilings.empty() ? "" : ",",
            name_of(ceiling.rank), json_grants(grants_with_origin(*ceiling.policy), origins));
    if (!ceilings.empty())
        more += ",\"ceilings\":[" + ceilings + "]";
    fmt::print(
        "{{\"v\":1,\"grants\":{}{}}}\n", json_grants(grants_with_origin(policy), origins), more);
}

void print_grants(Grants const& grants, Origins origins, std::string_view indent)
{
    for (auto const& [grant, origin] : grants)
        if (origins == Origins::Show)
            fmt::print("{}{}  ({})\n", indent, grant, origin);
        else
            fmt::print("{}{}\n", indent, grant);
}

void print_text(Shown const& shown, Origins origins)
{
    policy::Policy const& policy = *shown.compiled.policy;
    if (origins == Origins::Show) {
        fmt::print("layers\n");
        for (auto const& layer : shown.layers)
            fmt::print("  {:<8} {}{}\n", name_of(layer.rank), osh::shown(layer.name, 400),
                policy::may_only_narrow(layer.rank) ? " (narrows only)" : "");
        fmt::print("\nallowed\n");
    }
    print_grants(grants_with_origin(policy), origins, origins == Origins::Show ? "  " : "");
    for (auto const& ceiling : policy.ceilings) {
        fmt::print("\nof this the {} layer lets pass only\n", name_of(ceiling.rank));
        print_grants(grants_with_origin(*ceiling.policy), origins, "  ");
    }
}

} // namespace

int policy_show(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    std::size_t const wanted = options.parsed->has("profile") ? 0 : 1;
    if (options.parsed->positionals.size() != wanted) {
        fmt::print(stderr, "osh policy show: expected one file, or --profile NAME.\n");
        return kPolicyUsage;
    }
    auto const found = shown_policy(*options.parsed);
    if (!found) {
        fmt::print(stderr, "osh policy show: {}\n", found.error().sentence);
        return kPolicyUsage;
    }
    if (!found->compiled.policy) {
        fmt::print(stderr, "{}", render(found->compiled.diagnostics));
        return kPolicyNo;
    }
    auto const origins = options.parsed->has("effective") ? Origins::Show : Origins::Hide;
    if (options.parsed->has("json"))
        print_json(*found, origins);
    else
        print_text(*found, origins);
    return kPolicyFine;
}

} // namespace osh::cli
