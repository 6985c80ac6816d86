#pragma once
// `osh changes [SESSION] [list|diff|apply|discard] [PATH…]`: osh-changes(1).

#include "launcher/cli/command.h"

namespace osh::cli
{

int changes_command(Arguments arguments);

} // namespace osh::cli
