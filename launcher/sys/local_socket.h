#pragma once
// Stream sockets of the file system (unix(7)) below a folder descriptor, and who is at the other
// end: user, namespaces, root, start time. What the facts mean is judged elsewhere
// (launcher/supervise/core/peer_rule).

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>

namespace osh::sys
{

Result<Fd> listen_in(Fd const& folder, std::string const& name);  // mode 0600, non-blocking
Result<Fd> connect_in(Fd const& folder, std::string const& name); // blocking
Result<std::optional<Fd>> accept_one(Fd const& listener); // non-blocking; nothing: none waits
// send(2) with MSG_NOSIGNAL and MSG_DONTWAIT; Errc::Busy when full.
Result<std::size_t> send_some(Fd const& socket, Bytes from);
// Absolute, no link followed on the way; non-blocking: Errc::Busy when it is full. Errc::Denied
// unless the socket, and who listens behind it, belong to this user or to root: the very object
// that was examined is connected to.
Result<Fd> connect_to(std::string const& path);
void end_sending(Fd const& socket);    // shutdown(2), SHUT_WR
void end_connection(Fd const& socket); // shutdown(2) both ways
// Waits until readable or the time is over.
Result<bool> wait_readable(Fd const& fd, int milliseconds);

struct NamespaceIds { // inode numbers of /proc/PID/ns/*
    std::uint64_t user = 0, pid = 0, mount = 0;
    friend bool operator==(NamespaceIds const&, NamespaceIds const&) = default;
};

struct PeerFacts {
    std::uint32_t uid = 0;
    std::int32_t pid = 0;
    NamespaceIds namespaces;
    std::uint64_t root_device = 0, root_inode = 0;
    bool is_steady = false; // one and the same process during the whole look-up
};

// SO_PEERCRED, then /proc/PID with the process pinned by SO_PEERPIDFD (Linux 6.5) or by its start
// time before and after.
Result<PeerFacts> peer_facts(Fd const& socket);
Result<PeerFacts> own_facts();

} // namespace osh::sys
