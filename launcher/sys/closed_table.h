#pragma once
// The descriptors of a process whose /proc/PID/fd cannot be opened: one that made itself undumpable
// (prctl(2), PR_SET_DUMPABLE) belongs to the host's root there, proc(5). What may trace it may
// still have copies of its descriptors, one by one: pidfd_getfd(2), Linux 5.6.

#include "launcher/sys/fd.h"

#include <cstdint>
#include <functional>

namespace osh::sys
{

// Calls back with each socket, until it answers false. False: not all could be looked at, or there
// are more than `limit` places in the table. `pid` leads its thread group; each copy is closed at
// once.
bool for_each_hidden_socket(Fd const& proc, std::int32_t pid, std::size_t limit,
    std::function<bool(std::uint64_t inode, std::int32_t number)> const& on_socket);

} // namespace osh::sys
