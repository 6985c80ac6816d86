#pragma once
// The commands about sessions that run or ran.

#include "launcher/cli/command.h"

namespace osh::cli
{

int ps_command(Arguments arguments);         // ps.cc
int logs_command(Arguments arguments);       // logs.cc
int report_command(Arguments arguments);     // report.cc
int approvals_command(Arguments arguments);  // approvals.cc
int ports_command(Arguments arguments);      // ports.cc
int stop_command(Arguments arguments);       // stop.cc
int wait_command(Arguments arguments);       // stop.cc
int policy_set_command(Arguments arguments); // policy_set.cc: what follows `osh policy set`

} // namespace osh::cli
