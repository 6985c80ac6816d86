#pragma once
// The environment of the agent: built from an allow list, never inherited and cleaned (security
// design H13). What holds a secret by name does not come in, nor does another variable that holds
// the same value.

#include "launcher/plan/plan.h"

namespace osh::launcher
{

void add_environment(Plan& plan, HostFacts const& facts, policy::Profile const& profile);

} // namespace osh::launcher
