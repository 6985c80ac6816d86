// The table of subcommands, in the order `osh help` shows them.

#include "launcher/cli/command.h"

namespace osh::cli
{

std::vector<Command> const& commands()
{
    static std::vector<Command> const table{};
    return table;
}

} // namespace osh::cli
