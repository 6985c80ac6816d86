#include "netproxy/stack/ingress.h"

#include "netproxy/stack/packet.h"
#include "netproxy/stack/tcp.h"
#include "netproxy/stack/unreachable.h"
#include "netproxy/wire/checksum.h"
#include "netproxy/wire/icmp.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/udp.h"
#include "netproxy/wire/virtio_net.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

using namespace wire;

constexpr std::uint16_t kDnsPort = 53;

// Multicast, broadcast, reserved, "this network", loopback: no connection leads there, but to
// the synthetic addresses that lie among them.
bool is_unicast(World const& world, IpAddress const& address)
{
    if (address.is_v4()) {
        std::uint32_t const first = address.v4_host_order() >> 24;
        auto const& ours = world.addresses.reserved;
        return (first != 0 && first != 127 && first < 224) || (ours && ours->contains(address));
    }
    auto const& bytes = address.bytes();
    bool const is_low = std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) {
        return byte == 0;
    }) && bytes[15] <= 1; // unspecified, loopback
    return bytes[0] != 0xff && !is_low;
}

// A checksum is checked where the kernel does not vouch for it: raw sockets can send anything.
bool is_intact(IpPacket const& packet, VirtioNetHeader const& offload)
{
    if (offload.needs_checksum || offload.checksum_valid)
        return true;
    return is_checksum_right({packet.source, packet.destination, packet.protocol,
                                 static_cast<std::uint32_t>(packet.payload.size())},
        packet.payload);
}

struct Arrival {
    World& world;
    DnsService& dns;
    IpPacket const& packet;
    VirtioNetHeader const& offload;
    Instant now;
};

void take_tcp(Arrival const& in)
{
    auto const segment = parse_tcp(in.packet.payload);
    if (!segment || !is_intact(in.packet, in.offload) || segment->source_port == 0
        || segment->destination_port == 0) {
        ++in.world.drops.malformed;
        return;
    }
    FlowKey const key{in.packet.destination, segment->source_port, segment->destination_port};
    tcp_arrives(in.world, key, *segment, in.now);
    in.dns.take_streams(in.now);
}

void deliver(Arrival const& in, FlowTuple const& tuple, Bytes payload)
{
    if (tuple.destination_port == kDnsPort
        && tuple.destination == in.world.gateway_like(tuple.destination))
        return in.dns.take_datagram(tuple, payload, in.now);
    auto const fragments = in.packet.is_dont_fragment ? Fragments::Never : Fragments::Allowed;
    in.world.events.push_back(UdpReceived{tuple, {payload.begin(), payload.end()}, fragments});
}

void take_udp(Arrival const& in)
{
    auto const datagram = parse_udp(in.packet.payload);
    bool const has_sum = datagram && (datagram->checksum != 0 || !in.packet.source.is_v4());
    if (!datagram || (has_sum && !is_intact(in.packet, in.offload)) || datagram->source_port == 0
        || datagram->destination_port == 0) {
        ++in.world.drops.malformed;
        return;
    }
    FlowTuple const tuple{
        in.packet.source, in.packet.destination, datagram->source_port, datagram->destination_port};
    std::size_t const segment =
        in.offload.segmentation == Segmentation::Udp && in.offload.segment_size > 0
            ? in.offload.segment_size
            : std::max<std::size_t>(datagram->payload.size(), 1);
    Bytes rest = datagram->payload;
    do {
        Bytes const part = rest.first(std::min(segment, rest.size()));
        deliver(in, tuple, part);
        rest = rest.subspan(part.size());
    } while (!rest.empty());
}

// Echo at the gateway, so that "is the network there" has its usual answer. Nobody else is pinged:
// an echo carries bytes, and no rule speaks of it.
void take_icmp(Arrival const& in)
{
    World& world = in.world;
    IpPacket const& packet = in.packet;
    bool const is_ours = packet.destination == world.gateway_like(packet.destination);
    if (icmp_kind(packet.payload, packet.protocol) != IcmpKind::EchoRequest) {
        ++world.drops.unknown_protocol;
        return;
    }
    if (!is_ours)
        return send_unreachable_for_echo(world, packet);
    Replies::Reply* const reply = world.replies.add(packet.payload.size());
    if (!reply) {
        ++world.drops.over_limit;
        return;
    }
    put_echo_reply(reply->payload, packet.payload, {packet.destination, packet.source});
    put_icmp_packet(*reply, {packet.destination, packet.source});
}

void count_problem(Drops& drops, IpProblem problem)
{
    switch (problem) {
    case IpProblem::Fragment: ++drops.fragments; break;
    case IpProblem::Options: ++drops.options; break;
    case IpProblem::Malformed: ++drops.malformed; break;
    }
}

void dispatch(Arrival const& in)
{
    IpPacket const& packet = in.packet;
    bool const is_v4 = packet.source.is_v4();
    if (packet.source != in.world.agent_like(packet.source)) {
        ++in.world.drops.foreign_source;
    } else if (!is_unicast(in.world, packet.destination) || packet.destination == packet.source) {
        ++in.world.drops.not_unicast;
    } else if (packet.protocol == kProtocolTcp) {
        take_tcp(in);
    } else if (packet.protocol == kProtocolUdp) {
        take_udp(in);
    } else if (packet.protocol == (is_v4 ? kProtocolIcmp : kProtocolIcmpv6)) {
        take_icmp(in);
    } else {
        ++in.world.drops.unknown_protocol;
    }
}

} // namespace

void take_packet(World& world, DnsService& dns, Bytes packet, Instant now)
{
    auto const offload = parse_virtio_net(packet);
    if (!offload) {
        ++world.drops.malformed;
        return;
    }
    auto const ip = parse_ip(packet.subspan(kVirtioNetHeaderSize));
    if (!ip)
        return count_problem(world.drops, ip.error());
    dispatch({world, dns, *ip, *offload, now});
}

} // namespace osh::netproxy::stack
