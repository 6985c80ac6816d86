#pragma once
// bind(2) in another process's place: its socket, the address that it gave, and for a path of
// unix(7) the directory in which the name is to appear. Not for our own sockets.

#include "launcher/sys/entry_calls.h"

#include <optional>
#include <string>

namespace osh::sys
{

inline constexpr std::size_t kMaxAddress = 128; // struct sockaddr_storage

// A copy of a descriptor of a thread: pidfd_getfd(2); EBADF, EPERM.
Opened take_descriptor(std::int32_t thread, std::int32_t process, std::int32_t number);

// From another process's memory, exactly so many bytes: 0 or errno.
int read_remote_bytes(std::int32_t thread, std::uint64_t address, std::string& into);

// The path in a unix(7) address; nothing for abstract and unnamed ones and for other families.
std::optional<std::string> path_in_address(std::string const& address);

// 0 or errno.
int bind_socket(Fd const& socket, std::string const& address);
// Relative paths begin at `start`, where it is open. The working directory is "/" afterwards.
int bind_path(Fd const& socket, Fd const& start, std::string const& path);

} // namespace osh::sys
