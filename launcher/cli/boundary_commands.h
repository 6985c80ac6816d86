#pragma once
// `osh plan` and `osh doctor`: what a session would be, and what this machine offers for it.

#include "launcher/cli/command.h"

namespace osh::cli
{

int plan_command(Arguments arguments);
int doctor_command(Arguments arguments);

} // namespace osh::cli
