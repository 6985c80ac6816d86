#pragma once
// The subcommands of `osh`: one file each, one function each. main.cc holds the table.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osh::cli
{

using Arguments = std::span<std::string const>; // what follows the subcommand's name

struct Command {
    std::string_view name;
    std::string_view summary;        // one line for `osh help`
    int (*run)(Arguments arguments); // returns the exit code (design: cli, exit codes)
};

std::vector<Command> const& commands();

} // namespace osh::cli
