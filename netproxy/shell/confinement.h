#pragma once
// osh-netproxy gives up what it does not need, in this order, and proves it is gone: privileges and
// core dumps, host files (empty root in a mount namespace of its own), capabilities, Landlock
// without a single rule, limits, system calls (security design H20).
//
// Should: leave sockets, memory, the descriptors that are open. Mustn't: leave a path, a program to
// start, a capability, a process to trace.

#include "policy/base/result.h"

namespace osh::netproxy::shell
{

// Files, namespaces, capabilities. Call before untrusted bytes are read; once.
Result<> leave_the_host();
// System calls. After the last descriptor was opened.
Result<> lock_system_calls();

} // namespace osh::netproxy::shell
