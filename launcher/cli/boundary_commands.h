#pragma once
// `osh plan`, `osh doctor`, `osh attack`: what a session would be, what this machine offers for it,
// and whether it holds.

#include "launcher/cli/command.h"

namespace osh::cli
{

int plan_command(Arguments arguments);
int doctor_command(Arguments arguments);
int attack_command(Arguments arguments);

} // namespace osh::cli
