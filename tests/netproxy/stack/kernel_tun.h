#pragma once
// A user and network namespace of this process's own, and in it a TUN with addresses, default
// routes and the offloads that osh uses. For one process: it stays there.

namespace osh::netproxy::stack::test
{

// The device, not blocking. Negative: this machine does not let us, and stderr says why.
int open_kernel_tun();

} // namespace osh::netproxy::stack::test
