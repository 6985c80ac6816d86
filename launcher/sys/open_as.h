#pragma once
// Opening an entry as a process of another user namespace would: some files of proc(5) (uid_map,
// setgroups) look at who opened them, in which user namespace, when they are written
// (user_namespaces(7)). A child of ours enters that namespace, opens, hands the descriptor over and
// ends.

#include "launcher/sys/entry_calls.h"

namespace osh::sys
{

// `process` in our PID namespace. EPERM when its user namespace is not below ours, or is ours.
Opened open_entry_as(std::int32_t process, EntryName at, OpenWish wish);

// Is this directory part of a procfs, whichever?
bool is_on_proc(Fd const& directory);

} // namespace osh::sys
