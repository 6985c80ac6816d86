#include "netproxy/stack/udp.h"

#include "netproxy/stack/packet.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/udp.h"

#include <algorithm>

namespace osh::netproxy::stack
{

void send_datagram(World& world, FlowTuple const& tuple, Bytes payload)
{
    constexpr std::size_t kLongest = 65535 - wire::kIpv4HeaderSize - wire::kUdpHeaderSize;
    Replies::Reply* const reply =
        payload.size() <= kLongest ? world.replies.add(payload.size()) : nullptr;
    if (!reply) {
        ++world.drops.over_limit;
        return;
    }
    std::ranges::copy(payload, reply->payload.begin());
    put_udp_packet(
        *reply, {tuple.destination, tuple.source}, tuple.destination_port, tuple.source_port);
}

} // namespace osh::netproxy::stack
