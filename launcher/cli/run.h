#pragma once
// `osh run`.

#include "launcher/cli/command.h"

namespace osh::cli
{

int run_command(Arguments arguments);

} // namespace osh::cli
