#pragma once
// The way in: which packets are looked at at all. Everything that our link has no use for is
// dropped and counted (security design H10.2).

#include "netproxy/stack/dns_service.h"
#include "netproxy/stack/world.h"

namespace osh::netproxy::stack
{

void take_packet(World& world, DnsService& dns, Bytes packet, Instant now);

} // namespace osh::netproxy::stack
