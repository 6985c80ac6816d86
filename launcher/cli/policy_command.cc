#include "launcher/cli/policy_command.h"

#include "launcher/apply/host_probe.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/profile_store.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

namespace osh::cli
{
namespace
{

constexpr std::size_t kLargestPolicyFile = 1 << 20;

std::vector<Command> const& verbs()
{
    static std::vector<Command> const table{
        {"check", "errors and warnings of policy files", policy_check},
        {"lint", "check, and everything that is probably not meant", policy_lint},
        {"test", "what would happen to a request", policy_test},
        {"set", "replace the network part of a running session's policy", policy_set_command},
        {"explain", "test, with the changes that would allow it", policy_explain},
        {"diff", "what becomes reachable, and what no longer is", policy_diff},
        {"show", "everything a policy lets happen", policy_show},
        {"suggest", "the smallest rules for the denials of a journal", policy_suggest},
        {"from", "the smallest rules for what a session used", policy_from},
        {"import", "settings of other tools as a policy and a profile", policy_import},
        {"replay", "judge recorded requests again: which answers would change", policy_replay},
        {"fmt", "a policy in its canonical layout", policy_fmt},
        {"schema", "the schema as JSON Schema, for editors", policy_schema},
    };
    return table;
}

int print_verbs(std::FILE* to)
{
    fmt::print(to, "usage: osh policy VERB [ARGS…]\n\n");
    for (auto const& verb : verbs())
        fmt::print(to, "  {:<10} {}\n", verb.name, verb.summary);
    fmt::print(to, "\n`osh policy VERB --help` tells more.\n");
    return to == stdout ? kPolicyFine : kPolicyUsage;
}

} // namespace

int policy_command(Arguments arguments)
{
    if (arguments.empty())
        return print_verbs(stderr);
    std::string const& name = arguments[0];
    if (name == "help" || name == "--help" || name == "-h")
        return print_verbs(stdout);
    std::vector<std::string_view> known;
    for (auto const& verb : verbs()) {
        if (verb.name == name)
            return verb.run(arguments.subspan(1));
        known.push_back(verb.name);
    }
    auto const nearest = nearest_word(name, known);
    fmt::print(stderr, "osh policy: no verb {}.{}\nhelp: osh policy --help\n", in_quotes(name),
        nearest.empty() ? "" : fmt::format(" Did you mean \"{}\"?", nearest));
    return kPolicyUsage;
}

Result<std::string> read_policy_text(std::string const& path)
{
    if (path == "-") {
        LET(input, sys::open_path("/dev/stdin", 0));
        return sys::read_all(input, kLargestPolicyFile);
    }
    return sys::read_file(path, kLargestPolicyFile);
}

VerbOptions verb_options(OptionTable const& table, Arguments arguments)
{
    auto parsed = parse_options(table, arguments);
    if (!parsed) {
        fmt::print(stderr, "{}\n", parsed.error().sentence);
        return {std::nullopt, kPolicyUsage};
    }
    if (parsed->wants_help) {
        fmt::print("{}", help_text(table));
        return {std::nullopt, kPolicyFine};
    }
    return {*std::move(parsed), kPolicyFine};
}

policy::CompiledPolicy load_policy_file(std::string const& path)
{
    auto text = read_policy_text(path);
    if (!text) {
        policy::CompiledPolicy failed;
        std::string const why = path == "-" ? "standard input: " + text.error().sentence
                                            : shown(text.error().sentence, 600);
        failed.diagnostics.push_back({Severity::Error, "unreadable", why, {}, "", "", nullptr});
        return failed;
    }
    return policy::compile_policy({{path, *std::move(text), ""}});
}

Result<ProfilePolicy> load_profile_policy(std::string const& name)
{
    LET(places, launcher::find_store_places());
    LET(loaded, launcher::load_profile(places, {name}));
    if (!loaded.profile)
        return fail(Errc::Invalid, "the profile has errors\n\n" + render(loaded.diagnostics));
    LET(layers, launcher::load_policy_layers(places, *loaded.profile));
    launcher::ProbeRequest where;
    where.project_root = loaded.profile->filesystem.project_root;
    LET(facts, launcher::probe_host(where));
    LET(narrowing,
        launcher::load_narrowing_layers(places, loaded.profile->overlay, facts.project_root));
    std::ranges::move(narrowing, std::back_inserter(layers));
    auto const enforcement = loaded.profile->policy.default_enforce
                                 ? policy::Enforcement::DefaultEnforce
                                 : policy::Enforcement::AsWritten;
    auto compiled = policy::compile_policy(layers, enforcement);
    return ProfilePolicy{std::move(compiled), std::move(layers), *std::move(loaded.profile)};
}

std::string problem_count(Diagnostics const& diagnostics)
{
    auto const errors = std::ranges::count(diagnostics, Severity::Error, &Diagnostic::severity);
    auto const warnings = std::ranges::count(diagnostics, Severity::Warning, &Diagnostic::severity);
    auto const some = [](auto count, std::string_view word) {
        return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
    };
    if (errors > 0 && warnings > 0)
        return some(errors, "error") + " and " + some(warnings, "warning");
    return errors > 0 ? some(errors, "error") : some(warnings, "warning");
}

} // namespace osh::cli
