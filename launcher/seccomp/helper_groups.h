#pragma once
// What our two processes in the agent's place may call once they serve: the broker
// (launcher/broker) and the watch for hidden files (launcher/init/mask_watch.h). Allow lists; what
// stands in none does not exist for them (ENOSYS), and a call that is refused so fails like any
// other: the agent's call fails with it.

#include "launcher/seccomp/arguments.h"
#include "launcher/seccomp/groups.h"

namespace osh::launcher
{

std::vector<CallGroup> const& broker_groups();
std::vector<ArgumentRule> broker_rules(FilterChoice choice); // allowed with these arguments only
std::vector<CallGroup> const& mask_watch_groups();
std::vector<ArgumentRule> mask_watch_rules();

} // namespace osh::launcher
