#pragma once
// Waiting: for children, for descriptors. waitpid(2), signalfd(2), poll(2). Small enough for init,
// which has no use for the epoll loop of the larger processes.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <array>
#include <cstdint>
#include <optional>

namespace osh::sys
{

Result<Fd> watch_children(); // blocks SIGCHLD; non-blocking descriptor
void drain_signals(Fd const& signals);

struct ChildChange {
    enum class Kind : std::uint8_t { Exited, Killed, Stopped } kind = Kind::Exited;
    std::int32_t pid = 0;
    std::int32_t value = 0; // exit code or signal
};
std::optional<ChildChange> next_child_change(); // does not wait

void signal_group(std::int32_t group, int number);

inline constexpr std::size_t kWaitSlots = 6;
// Null entries are left out. Waits without an end.
Result<std::array<bool, kWaitSlots>> wait_readable(std::array<Fd const*, kWaitSlots> descriptors);

} // namespace osh::sys
