// The table of subcommands, in the order `osh help` shows them.

#include "launcher/cli/boundary_commands.h"
#include "launcher/cli/changes_command.h"
#include "launcher/cli/command.h"
#include "launcher/cli/policy_command.h"
#include "launcher/cli/profile_command.h"
#include "launcher/cli/run.h"
#include "launcher/cli/session_commands.h"

namespace osh::cli
{

std::vector<Command> const& commands()
{
    static std::vector<Command> const table{
        {"run", "start an agent in a sandbox", run_command},
        {"plan", "print what run would do, without doing it", plan_command},
        {"doctor", "what this machine offers, and the fix for what is missing", doctor_command},
        {"attack", "try to escape from a profile's sandbox, and say what held", attack_command},
        {"ps", "list sessions", ps_command},
        {"logs", "show what a session reached and was refused", logs_command},
        {"report", "what a session that ended did", report_command},
        {"changes", "review, apply or discard what an overlay session wrote", changes_command},
        {"approvals", "show and answer waiting requests", approvals_command},
        {"ports", "what listens inside, and ports of this machine that lead there", ports_command},
        {"stop", "end sessions", stop_command},
        {"wait", "wait for a session's end", wait_command},
        {"policy", "check, test, explain and compare policies", policy_command},
        {"profile", "what profiles there are and what they say", profile_command},
        {"secret", "the credentials of a profile, without their values", secret_command},
        {"env", "the variables an agent would get", env_command},
    };
    return table;
}

} // namespace osh::cli
