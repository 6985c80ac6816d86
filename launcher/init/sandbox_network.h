#pragma once
// The sandbox's network: loopback and the tun that osh-netproxy serves. Nothing else leads out.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

// While the host's /dev is still there. Not open when the plan has no network.
Result<sys::Fd> build_network(Plan const& plan);

} // namespace osh::launcher
