// The table of subcommands, in the order `osh help` shows them.

#include "launcher/cli/command.h"
#include "launcher/cli/policy_command.h"

namespace osh::cli
{

std::vector<Command> const& commands()
{
    static std::vector<Command> const table{
        {"policy", "check, test, explain and compare policies", policy_command},
    };
    return table;
}

} // namespace osh::cli
