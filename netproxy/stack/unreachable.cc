#include "netproxy/stack/unreachable.h"

#include "netproxy/stack/packet.h"
#include "netproxy/wire/icmp.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/tcp.h"
#include "netproxy/wire/udp.h"

namespace osh::netproxy::stack
{
namespace
{

using namespace wire;

UnreachableCode code_of(Unreachable why)
{
    switch (why) {
    case Unreachable::Network: return UnreachableCode::Network;
    case Unreachable::Host: return UnreachableCode::Host;
    case Unreachable::Port: return UnreachableCode::Port;
    case Unreachable::AdminProhibited: break;
    }
    return UnreachableCode::Prohibited;
}

struct Report {
    IpHeader packet; // that it is about
    Bytes quoted;    // its transport header
    IpAddress const& from;
};

// Sends the transport header `quoted` of a packet from source to destination back to its source,
// behind an ICMP header that `put` writes.
template<typename Put>
void send_about(World& world, Report const& report, Put put)
{
    auto const& [packet, quoted, from] = report;
    std::size_t const size = kIcmpHeaderSize + ip_header_size(packet.source) + quoted.size();
    Replies::Reply* const reply = world.replies.add(size);
    if (!reply) {
        ++world.drops.over_limit;
        return;
    }
    MutableBytes const out(reply->payload);
    std::size_t const ip_size = put_ip(out.subspan(kIcmpHeaderSize), packet);
    std::ranges::copy(quoted, out.subspan(kIcmpHeaderSize + ip_size).begin());
    put(out, IcmpEnds{from, packet.source});
    put_icmp_packet(*reply, {from, packet.source});
}

// A port is refused by the host itself, everything else by the router in front of it.
void send(World& world, IpHeader const& packet, Bytes quoted, Unreachable why)
{
    IpAddress const& from =
        why == Unreachable::Port ? packet.destination : world.gateway_like(packet.destination);
    send_about(world, {packet, quoted, from}, [why](MutableBytes out, IcmpEnds const& ends) {
        put_unreachable(out, code_of(why), ends);
    });
}

} // namespace

void send_unreachable_for_syn(World& world, Flow const& flow, Unreachable why)
{
    std::array<std::byte, kTcpHeaderSize> quoted{};
    TcpHeader header;
    header.source_port = flow.key.source_port;
    header.destination_port = flow.key.destination_port;
    header.sequence = flow.receive_next - 1;
    header.flags = kSyn;
    put_tcp(quoted, header);
    send(world,
        {world.agent_like(flow.key.destination), flow.key.destination, kProtocolTcp, quoted.size()},
        quoted, why);
}

void send_unreachable_for_udp(World& world, FlowTuple const& tuple, Unreachable why)
{
    std::array<std::byte, kUdpHeaderSize> quoted{};
    put_udp(quoted, {tuple.source_port, tuple.destination_port, 0, 0});
    send(world, {tuple.source, tuple.destination, kProtocolUdp, quoted.size()}, quoted, why);
}

void send_unreachable_for_echo(World& world, IpPacket const& request)
{
    Bytes const quoted = request.payload.first(std::min(request.payload.size(), kIcmpHeaderSize));
    send(world, {request.source, request.destination, request.protocol, quoted.size()}, quoted,
        Unreachable::AdminProhibited);
}

void send_too_big_for_udp(World& world, FlowTuple const& tuple, std::uint32_t mtu)
{
    std::array<std::byte, kUdpHeaderSize> quoted{};
    put_udp(quoted, {tuple.source_port, tuple.destination_port, 0, 0});
    IpHeader const packet{tuple.source, tuple.destination, kProtocolUdp, quoted.size()};
    send_about(world, {packet, quoted, world.gateway_like(tuple.destination)},
        [mtu](MutableBytes out, IcmpEnds const& ends) { put_too_big(out, mtu, ends); });
}

} // namespace osh::netproxy::stack
