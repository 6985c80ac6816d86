// `osh attack`: the escape attempts, made inside the person's own profile on their own machine, and
// outside to show that they are real ones.

#include "launcher/attack/lab.h"
#include "launcher/cli/boundary_commands.h"
#include "launcher/cli/session_options.h"
#include "launcher/plan/attack_report.h"
#include "launcher/supervise/core/session_state.h"
#include "launcher/supervise/session_files.h"
#include "launcher/sys/captured_command.h"
#include "launcher/sys/host_view.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

constexpr Duration kRunLimit = 180s; // some forty attempts, ten seconds each at the very most
constexpr std::size_t kMaxOutput = 256 * 1024;

OptionTable attack_table()
{
    OptionTable table{"attack", "[options]",
        "Try to escape from a sandbox of this profile, and say what held. Exit status 1 when "
        "something did not.",
        session_option_rows(), Positionals::Intermixed};
    table.rows.push_back({"--json", "", "one JSON object"});
    return table;
}

std::vector<std::string> environment_words()
{
    std::vector<std::string> words;
    for (auto const& [name, value] : sys::environment())
        words.push_back(name + "=" + value);
    return words;
}

Result<launcher::AttackRun> captured(std::vector<std::string> arguments)
{
    sys::CapturedCommand command;
    command.arguments = std::move(arguments);
    command.environment = environment_words();
    command.timeout = kRunLimit;
    command.output_limit = kMaxOutput;
    LET(text, sys::run_captured(command));
    return launcher::parse_attack_run(text);
}

// The same words as for `osh run`, less what is ours.
std::vector<std::string> run_words(Arguments arguments, attack::Lab const& lab)
{
    std::vector<std::string> words{sys::real_path("/proc/self/exe"), "run"};
    for (auto const& argument : arguments)
        if (argument != "--json")
            words.push_back(argument);
    for (char const* own :
        {"--quiet", "--no-input", "--approvals", "deny", "--no-credential", "all", "--directory"})
        words.emplace_back(own);
    words.push_back(lab.project());
    for (char const* own : {"--", "./osh-attack"})
        words.emplace_back(own);
    return words;
}

void append(std::vector<std::string>& to, std::vector<std::string> const& from)
{
    to.insert(to.end(), from.begin(), from.end());
}

Result<launcher::AttackReport> attack_from(
    Arguments arguments, launcher::AttackPermissions permissions, attack::LabPlaces const& places)
{
    LET(lab, attack::Lab::set_up(places));
    std::vector<std::string> outside{lab.project() + "/osh-attack"};
    append(outside, lab.words());
    LET(control, captured(std::move(outside)));
    lab.tidy();
    auto inside = run_words(arguments, lab);
    append(inside, lab.words());
    auto attempt = captured(std::move(inside));
    if (!attempt.ok())
        return fail(
            Errc::System, "the attempts could not be made inside: " + attempt.error().sentence
                              + ".\nfix: does `osh run` start with the same options? The "
                                "profile must show the project.");
    return judge_attack(control, *attempt, permissions);
}

int attack_with(ParsedOptions const& options, Arguments arguments)
{
    ParsedOptions probe = options;
    probe.positionals = {"true"};
    auto const request = session_request(probe, For::Show);
    if (!request.ok()) {
        fmt::print(stderr, "osh: {}\n", launcher::shown_lines(request.error().sentence));
        return launcher::kExitCannotStart;
    }
    auto const& facts = request->facts;
    auto const runtime = facts.environment.find("XDG_RUNTIME_DIR");
    attack::LabPlaces const places{facts.home,
        runtime == facts.environment.end() ? std::string() : runtime->second,
        facts.libexec + "/osh-attack", facts.environment};
    auto const& profile = request->profile;
    auto const report = attack_from(
        arguments, {profile.nested_allow, profile.debug, !request->plan.changes.empty()}, places);
    if (!report.ok()) {
        fmt::print(stderr, "osh: {}\n", launcher::shown_lines(report.error().sentence));
        return launcher::kExitCannotStart;
    }
    if (options.has("json"))
        fmt::print("{}", describe_json(*report));
    else
        fmt::print("profile {}\n\n{}", profile.name, describe(*report));
    return report->escaped == 0 && report->is_whole ? 0 : 1;
}

} // namespace

int attack_command(Arguments arguments)
{
    auto const table = attack_table();
    auto const options = parse_options(table, arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return 2;
    }
    if (options->wants_help) {
        fmt::print("{}", help_text(table));
        return 0;
    }
    if (!options->positionals.empty() || options->has("directory")) {
        fmt::print(stderr, "osh attack: it brings its own program and its own project\n");
        return 2;
    }
    return attack_with(*options, arguments);
}

} // namespace osh::cli
