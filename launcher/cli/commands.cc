// The table of subcommands, in the order `osh help` shows them.

#include "launcher/cli/command.h"
#include "launcher/cli/profile_command.h"

namespace osh::cli
{

std::vector<Command> const& commands()
{
    static std::vector<Command> const table{
        {"profile", "what profiles there are and what they say", profile_command},
        {"secret", "the credentials of a profile, without their values", secret_command},
        {"env", "the variables an agent would get", env_command},
    };
    return table;
}

} // namespace osh::cli
