#pragma once
// "Where would a packet to this address go?", asked the kernel right before a dial, because a
// laptop's addresses change while a session lives. rtnetlink(7), RTM_GETROUTE. Not: changing
// routes.

#include "launcher/sys/fd.h"
#include "policy/base/ip_address.h"
#include "policy/base/result.h"

namespace osh::sys
{

enum class Route {
    Unicast, // another machine
    Local,   // an address of this machine, whatever its interface
    Other,   // broadcast, multicast, blackhole, or an answer that cannot be read
    None,    // no route: connect(2) will say why
};

// Asks about this network namespace; works after paths and capabilities are given up.
Result<Fd> open_route_questions();
Route route_to(Fd const& questions, IpAddress const& address);

} // namespace osh::sys
