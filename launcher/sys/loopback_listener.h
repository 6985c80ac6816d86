#pragma once
// Listening TCP sockets on this machine's loopback, and nowhere else: the address is not a
// parameter. ip(7), ipv6(7).

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>

namespace osh::sys
{

enum class Loopback : bool { V4, V6 };

// Non-blocking. Port 0: the kernel chooses. The error's errno says why: EADDRINUSE, EACCES (a
// privileged port), EADDRNOTAVAIL or EAFNOSUPPORT (no such family here). Accept with accept_one().
Result<Fd> listen_on_loopback(Loopback family, std::uint16_t port);
Result<std::uint16_t> port_of(Fd const& listener);

} // namespace osh::sys
