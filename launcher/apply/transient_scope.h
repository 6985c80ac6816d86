#pragma once
// A scope for the sandbox, made by systemd's manager of this user: for sessions whose own control
// group is not delegated (a login on a terminal or by ssh). systemd.scope(5). The request is made
// by busctl(1), systemd's own client, in a process of its own with a deadline: a bus that does not
// answer cannot hold the start, and no D-Bus library comes into the supervisor.

#include "launcher/plan/group_plan.h"
#include "launcher/plan/host_facts.h"
#include "policy/base/result.h"

#include <cstdint>

namespace osh::launcher
{

// Before init has children: they are born in the scope. The error says what is not limited, and
// why; the session goes on with limits per process.
Result<> enter_scope(GroupPlan const& plan, std::int32_t init, HostFacts const& facts);

} // namespace osh::launcher
