#pragma once
// Listening TCP sockets on this machine's loopback, and nowhere else: the address is not a
// parameter. ip(7), ipv6(7).

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>

namespace osh::sys
{

enum class Loopback : bool { V4, V6 };

// A socket that listen_on_loopback() can use later, when none can be made any more.
Result<Fd> listener_socket(Loopback family);

// `socket`: of listener_socket(), still usable after an error. Port 0: the kernel chooses. The
// error's errno says why: EADDRINUSE, EACCES (a privileged port), EADDRNOTAVAIL or EAFNOSUPPORT (no
// such family here). Accept with accept_one().
Result<> listen_on_loopback(Fd const& socket, Loopback family, std::uint16_t port);
Result<std::uint16_t> port_of(Fd const& listener);

} // namespace osh::sys
