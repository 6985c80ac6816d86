#pragma once
// The credentials of a session: found on the host, given a placeholder, ready to be lent. What goes
// into the sandbox is the placeholder and nothing else.

#include "launcher/cli/session_options.h"
#include "launcher/supervise/places.h"

namespace osh::cli
{

Result<> add_credentials(
    launcher::SessionRequest& request, launcher::Environment const& environment, For use);

} // namespace osh::cli
