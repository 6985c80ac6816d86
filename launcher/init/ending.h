#pragma once
// Tasks that end. A process gives its memory back before its descriptors, and a large one takes
// milliseconds for that. Until then /proc says nothing about it to an ordinary user, and it is
// still listed. It runs no more code of its program, and nobody else can take its descriptors: that
// needs pidfd_getfd(2), which the agent is refused, proven at each start. So it holds nothing.

#include "launcher/sys/fd.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace osh::launcher
{

// A line of /proc/PID/stat: a zombie, dead, or past the begin of its end (PF_EXITING, set for
// good). proc_pid_stat(5), fields 3 and 9.
bool tells_of_an_end(std::string_view stat);
// `task`: "PID" or "PID/task/TID" below `proc`.
bool has_task_ended(sys::Fd const& proc, std::string const& task);
// All of its threads. Not so while one comes, or becomes the process by execve(2).
bool has_process_ended(sys::Fd const& proc, std::int32_t pid);

} // namespace osh::launcher
