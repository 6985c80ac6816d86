#pragma once
// Socket files and who is behind them: whether a socket lives behind one at all, and which were
// bound in this network namespace. unix(7), sock_diag(7). No connection is made, nothing is sent.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>

namespace osh::sys
{

// `place`: an O_PATH descriptor of a socket file. One that is dead never lives again: bind(2) makes
// a new file always, and the file is there a moment before the socket is behind it.
Result<bool> is_socket_alive(Fd const& place);

// Device and inode of the file, as the kernel tells them to sock_diag: the file system's device,
// and 32 bits of the inode.
using SocketFile = std::pair<std::uint32_t, std::uint32_t>;
SocketFile socket_file(std::uint64_t device, std::uint64_t inode); // of stat(2)

// All of this network namespace that were bound to a name in the file system. An error where the
// kernel has no unix_diag.
Result<std::set<SocketFile>> bound_sockets();

// The file system's device where something is mounted at exactly this path, as stat(2) would tell
// it; 0 if nothing is. Btrfs tells another one in stat(2).
std::uint64_t device_mounted_at(std::string const& path);

} // namespace osh::sys
