#pragma once
// Signals as events: signalfd(2). Not a handler in sight.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::sys
{

// Blocks these signals for the process and returns a non-blocking descriptor that reports them.
Result<Fd> signal_descriptor(std::vector<int> const& signals);
Result<std::optional<int>> next_signal(Fd const& descriptor); // nothing: none is waiting

void ignore_signal(int signal);
void ignore_all_signals();

// Default dispositions and an empty mask: both survive fork(2) and execve(2).
void reset_signals_in_child();

// Stops the whole process group as the terminal's own Ctrl-Z would, and returns when it was
// continued. A stop of an orphaned group is discarded by the kernel (setpgid(2)): then at once.
void stop_own_group(int signal);

std::string signal_name(int signal);                     // "SIGTERM", or "signal 40"
std::optional<int> signal_number(std::string_view name); // "TERM", "SIGTERM", "15"

} // namespace osh::sys
