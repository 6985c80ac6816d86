// `osh plan`: everything `osh run` would do with the same words, without doing it.

#include "launcher/cli/boundary_commands.h"
#include "launcher/cli/session_options.h"
#include "launcher/plan/places_of_network.h"
#include "launcher/supervise/core/session_state.h"
#include "launcher/supervise/session_files.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable plan_table()
{
    OptionTable table{"plan", "[options] [--] AGENT|COMMAND [ARGS…]",
        "Print what `osh run` would do with the same words. Values of variables are not shown.",
        session_option_rows(), Positionals::EndOptions};
    table.rows.push_back({"--json", "", "one JSON object"});
    return table;
}

} // namespace

int plan_command(Arguments arguments)
{
    auto const table = plan_table();
    auto const options = parse_options(table, arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return launcher::kExitCannotStart;
    }
    if (options->wants_help) {
        fmt::print("{}", help_text(table));
        return 0;
    }
    auto const request = session_request(*options, For::Show);
    if (!request.ok()) {
        fmt::print(stderr, "osh: {}\n", launcher::shown_lines(request.error().sentence));
        return launcher::kExitCannotStart;
    }
    auto const places = launcher::places_of(request->profile.network);
    fmt::print("{}", options->has("json") ? describe_json(request->plan, places)
                                          : describe(request->plan, places));
    return 0;
}

} // namespace osh::cli
