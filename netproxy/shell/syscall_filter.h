#pragma once
// The system calls osh-netproxy makes after its start, each with its reason; any other ends the
// process, and with it the session (security design H20). seccomp(2), Linux x86-64 and arm64.
// A short list for a process of ours, written as plain BPF; the agent's list lives in
// launcher/seccomp.

#include <cstddef>
#include <vector>

namespace osh::netproxy::shell
{

// An array of struct sock_filter.
std::vector<std::byte> syscall_filter();

} // namespace osh::netproxy::shell
