#pragma once
// Datagrams out: a reply to the agent. Stateless; who talks to whom is the caller's knowledge.

#include "netproxy/stack/world.h"

namespace osh::netproxy::stack
{

// From the tuple's destination to its source. Dropped and counted if too long or too much waits.
void send_datagram(World& world, FlowTuple const& tuple_of_agent, Bytes payload);

} // namespace osh::netproxy::stack
