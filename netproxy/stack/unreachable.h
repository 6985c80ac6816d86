#pragma once
// ICMP destination unreachable for what the agent's kernel sent: it ends connect(2) at once with
// the truthful error. The quoted packet is written anew from what we know of it; the kernel looks
// at addresses, ports and the SYN's sequence number only.

#include "netproxy/stack/world.h"
#include "netproxy/wire/ip.h"

namespace osh::netproxy::stack
{

void send_unreachable_for_syn(World& world, Flow const& flow, Unreachable why);
void send_unreachable_for_udp(World& world, FlowTuple const& tuple, Unreachable why);
// An echo request to anyone but us: nobody answers it, and that is said at once.
void send_unreachable_for_echo(World& world, wire::IpPacket const& request);
// A datagram that the way to its destination does not carry in one piece.
void send_too_big_for_udp(World& world, FlowTuple const& tuple, std::uint32_t mtu);

} // namespace osh::netproxy::stack
