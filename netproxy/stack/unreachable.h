#pragma once
// ICMP destination unreachable for what the agent's kernel sent: it ends connect(2) at once with
// the truthful error. The quoted packet is written anew from what we know of it; the kernel looks
// at addresses, ports and the SYN's sequence number only.

#include "netproxy/stack/world.h"

namespace osh::netproxy::stack
{

void send_unreachable_for_syn(World& world, Flow const& flow, Unreachable why);
void send_unreachable_for_udp(World& world, FlowTuple const& tuple, Unreachable why);

} // namespace osh::netproxy::stack
