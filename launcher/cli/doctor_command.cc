// `osh doctor`: what this machine offers, tried rather than read from settings, and the exact fix
// for what is missing.

#include "launcher/apply/host_probe.h"
#include "launcher/cli/boundary_commands.h"
#include "launcher/cli/doctor_self.h"
#include "launcher/cli/options.h"
#include "launcher/plan/findings.h"
#include "launcher/supervise/session_files.h"
#include "launcher/sys/host_view.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& doctor_table()
{
    static OptionTable const table{"doctor", "[--json] [--self]",
        "Check what this machine offers. Exit status 1 when no session can start.",
        {{"--json", "", "one JSON object"},
            {"--self", "", "what osh's own processes of running sessions may still do"},
            {"--apparmor-profile", "", "print AppArmor's file for this osh (Ubuntu)"}},
        Positionals::Intermixed};
    return table;
}

launcher::ProbeRequest thorough_request()
{
    launcher::ProbeRequest request;
    request.depth = launcher::ProbeDepth::Thorough;
    request.project_root = "cwd";
    return request;
}

} // namespace

int doctor_command(Arguments arguments)
{
    auto const options = parse_options(doctor_table(), arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return 2;
    }
    if (options->wants_help) {
        fmt::print("{}", help_text(doctor_table()));
        return 0;
    }
    if (options->has("self"))
        return doctor_self();
    auto const facts = launcher::probe_host(thorough_request());
    if (!facts.ok()) {
        fmt::print(stderr, "osh: {}\n", launcher::shown_lines(facts.error().sentence));
        return 1;
    }
    if (options->has("apparmor-profile")) {
        fmt::print(
            "{}", launcher::apparmor_profile(sys::real_path("/proc/self/exe"), facts->libexec));
        return 0;
    }
    auto const found = launcher::findings(*facts);
    fmt::print("{}", options->has("json") ? describe_json(found) : describe(found));
    return is_ready(found) ? 0 : 1;
}

} // namespace osh::cli
