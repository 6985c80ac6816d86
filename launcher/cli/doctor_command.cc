// `osh doctor`: what this machine offers, tried rather than read from settings, and the exact fix
// for what is missing.

#include "launcher/apply/host_probe.h"
#include "launcher/cli/boundary_commands.h"
#include "launcher/cli/doctor_self.h"
#include "launcher/cli/options.h"
#include "launcher/plan/doors.h"
#include "launcher/plan/findings.h"
#include "launcher/supervise/profile_store.h"
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

// Against what such a profile opens no boundary holds: the person should know which ones do.
void add_profiles(std::vector<launcher::Finding>& found)
{
    auto const places = launcher::find_store_places();
    if (!places.ok())
        return; // told by every command that needs them
    for (auto const& stored : launcher::list_profiles(*places)) {
        auto const loaded = launcher::load_profile(*places, {stored.name});
        if (!loaded.ok() || !loaded->profile)
            continue; // `osh profile check` says why
        auto const given_up = launcher::what_doors_give_up(*loaded->profile);
        if (!given_up.empty())
            found.push_back({"doors", launcher::Health::Weaker,
                fmt::format("profile {} opens {}", stored.name, given_up),
                "remove it from [filesystem] sockets and [unsafe] where it is not needed"});
    }
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
    auto found = launcher::findings(*facts);
    add_profiles(found);
    fmt::print("{}", options->has("json") ? describe_json(found) : describe(found));
    return is_ready(found) ? 0 : 1;
}

} // namespace osh::cli
