#include "launcher/cli/command_line.h"

#include "launcher/supervise/session_files.h"

#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{

std::optional<ParsedOptions> parsed_or_told(
    OptionTable const& table, Arguments arguments, int& exit_code)
{
    auto options = parse_options(table, arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        exit_code = kWrongUsage;
        return std::nullopt;
    }
    if (options->wants_help) {
        fmt::print("{}", help_text(table));
        exit_code = kSuccess;
        return std::nullopt;
    }
    return *std::move(options);
}

int tell(Error const& error)
{
    fmt::print(stderr, "osh: {}\n", launcher::shown_lines(error.sentence));
    return kNegative;
}

int tell_usage(OptionTable const& table, std::string const& sentence)
{
    fmt::print(stderr, "osh {}: {}\nusage: osh {} {}\n", table.command, sentence, table.command,
        table.usage);
    return kWrongUsage;
}

} // namespace osh::cli
