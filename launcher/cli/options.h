#pragma once
// Options as a table. Only options.cc includes CLI11. A parse error is a sentence with the nearest
// known word.

#include "launcher/cli/command.h"
#include "policy/base/result.h"

#include <map>
#include <string>
#include <vector>

namespace osh::cli
{

struct OptionRow {
    std::string names;      // "-p,--profile"
    std::string value_name; // "NAME|FILE"; "" makes it a flag
    std::string help;
};

enum class Positionals {
    Intermixed,
    EndOptions
}; // EndOptions: the first positional ends our options (osh run CMD -x)

struct OptionTable {
    std::string command; // "run"
    std::string usage;   // "[options] [--] AGENT|COMMAND [ARGS…]"
    std::string summary;
    std::vector<OptionRow> rows;
    Positionals positionals = Positionals::Intermixed;
};

struct ParsedOptions {
    std::map<std::string, std::vector<std::string>>
        values; // by long name without dashes; flags: one "" per use
    std::vector<std::string> positionals;
    bool wants_help = false;

    bool has(std::string const& name) const { return values.contains(name); }
    std::string last(std::string const& name, std::string fallback = {}) const;
    std::vector<std::string> all(std::string const& name) const;
};

Result<ParsedOptions> parse_options(OptionTable const& table, Arguments arguments);
std::string help_text(OptionTable const& table);

} // namespace osh::cli
