#pragma once
// Pseudo-terminals of a given devpts instance, and being in charge of a terminal. pty(7),
// ioctl_tty(2), credentials(7) on sessions.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>

namespace osh::sys
{

struct PtyPair {
    Fd master, slave;
};
Result<PtyPair> open_pty(Fd const& devpts); // devpts: its root directory
Result<> set_window_size(Fd const& terminal, std::uint16_t rows, std::uint16_t columns);
Result<> start_session();
Result<> take_terminal(Fd const& slave); // this session's controlling terminal
// The group that reads the terminal; through the master too. `group` 0: the caller's own.
Result<> put_in_foreground(Fd const& slave, std::int32_t group);
Result<std::int32_t> foreground_group(Fd const& terminal);

} // namespace osh::sys
