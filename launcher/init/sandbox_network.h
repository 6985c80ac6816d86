#pragma once
// The sandbox's network: loopback and the tun that osh-netproxy serves. Nothing else leads out.

#include "launcher/init/words.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

// Enters a network namespace of its own first. While the host's /dev is still there. The tun, if
// there is to be one.
Result<sys::Fd> build_network(Uplink uplink);

} // namespace osh::launcher
