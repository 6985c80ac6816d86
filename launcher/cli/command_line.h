#pragma once
// What every command does first: parse its options, help, wrong usage; and how it says an error.

#include "launcher/cli/options.h"

#include <optional>

namespace osh::cli
{

inline constexpr int kSuccess = 0, kNegative = 1, kWrongUsage = 2, kTimedOut = 124;

// Nothing: `exit_code` says how to end (help was printed, or the usage was wrong).
std::optional<ParsedOptions> parsed_or_told(
    OptionTable const& table, Arguments arguments, int& exit_code);

int tell(Error const& error); // "osh: …" on stderr; kNegative
int tell_usage(OptionTable const& table, std::string const& sentence);

} // namespace osh::cli
