// TCP: opening. A SYN is only remembered until somebody decides; its payload (TCP Fast Open, RFC
// 7413) is ignored, the agent's kernel sends it again when only the SYN was acknowledged.

#include "netproxy/stack/hash.h"
#include "netproxy/stack/packet.h"
#include "netproxy/stack/tcp.h"
#include "netproxy/stack/unreachable.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint16_t kSmallestSegment = 88; // Linux: TCP_MIN_MSS
constexpr std::uint32_t kFirstSegments = 10;   // RFC 6928

// RFC 6528: a clock of 4 µs ticks plus a keyed hash of the addresses.
Sequence initial_sequence(World const& world, FlowKey const& key, Instant now)
{
    std::uint64_t const hash = KeyedHash(~world.secret)
                                   .mix(key.destination)
                                   .mix(std::uint64_t{key.source_port} << 16 | key.destination_port)
                                   .digest();
    return static_cast<Sequence>(hash + static_cast<std::uint64_t>(now.nanoseconds / 4096));
}

// The smallest shift with which the whole ring can be advertised (RFC 7323 section 2.3).
std::uint8_t shift_for(std::uint32_t ring)
{
    std::uint8_t shift = 0;
    while (shift < 14 && ring >> shift > 0xffff)
        ++shift;
    return shift;
}

// A flow in TIME-WAIT gives way to a new one; the oldest first.
void evict_time_wait(World& world)
{
    while (world.time_wait_first < world.time_wait.size()) {
        Flow* const flow = world.flows.find(world.time_wait[world.time_wait_first++]);
        if (flow && flow->state == TcpState::TimeWait) {
            tcp_remove(world, *flow, Reason::Finished);
            return;
        }
    }
}

bool is_over_limit(World& world, FlowKey const& key)
{
    if (world.half_open >= world.limits.max_half_open
        || world.flows.count_to(key.destination) >= world.limits.max_flows_per_destination)
        return true;
    if (world.flows.size() >= world.flows.capacity())
        evict_time_wait(world);
    return world.flows.size() >= world.flows.capacity();
}

void take_offer(World const& world, Flow& flow, wire::TcpSegment const& syn)
{
    auto const offer = wire::parse_syn_options(syn.options);
    flow.segment_size = std::max(offer.segment_size, kSmallestSegment);
    flow.may_sack = offer.may_sack;
    flow.congestion_window = kFirstSegments * flow.segment_size;
    flow.slow_start_limit = UINT32_MAX;
    if (offer.window_shift) {
        flow.send_shift = *offer.window_shift;
        flow.receive_shift = shift_for(world.limits.receive_ring);
        flow.scales_window = true;
    }
    flow.send_window = flow.largest_window = syn.window; // never scaled in a SYN
    flow.receive_next = syn.sequence + 1;
    flow.receive_edge = flow.receive_next;
    flow.window_sequence = syn.sequence;
}

} // namespace

void tcp_open(World& world, FlowKey const& key, wire::TcpSegment const& syn, Instant now)
{
    if (is_over_limit(world, key)) {
        ++world.drops.over_limit; // the agent's kernel tries again
        ++world.drops.flows;
        return;
    }
    Flow& flow = *world.flows.add(key);
    ++world.half_open;
    take_offer(world, flow, syn);
    Sequence const first = initial_sequence(world, key, now);
    flow.first_sequence = first;
    flow.send_unacked = flow.send_next = flow.send_highest = first;
    flow.last_heard = now;
    if (key.destination_port == kDnsPort
        && key.destination == world.gateway_like(key.destination)) {
        flow.is_service = true;
        tcp_accept(world, flow, now);
        return;
    }
    world.timers.arm(flow, now + kHeldSilence);
    world.events.push_back(TcpOpened{flow.id, world.tuple_of(flow)});
}

void tcp_accept(World& world, Flow& flow, Instant now)
{
    if (flow.state != TcpState::Held)
        return;
    flow.state = TcpState::SynReceived;
    flow.syn_ack_due = true;
    flow.last_heard = now;
    Timers::disarm(flow);
    world.wake(flow);
}

void tcp_refuse(World& world, Flow& flow)
{
    if (flow.state != TcpState::Held)
        return tcp_reset(world, flow);
    wire::TcpSegment syn;
    syn.sequence = flow.receive_next - 1;
    syn.flags = wire::kSyn;
    tcp_reset_stranger(world, flow.key, syn);
    tcp_remove(world, flow, Reason::Reset);
}

void tcp_refuse(World& world, Flow& flow, Unreachable why)
{
    if (flow.state != TcpState::Held)
        return tcp_reset(world, flow);
    send_unreachable_for_syn(world, flow, why);
    tcp_remove(world, flow, Reason::Reset);
}

void tcp_reset_stranger(World& world, FlowKey const& key, wire::TcpSegment const& segment)
{
    if (segment.has(wire::kRst))
        return;
    Replies::Reply* const reply = world.replies.add(0);
    if (!reply)
        return;
    wire::TcpHeader header;
    header.source_port = key.destination_port;
    header.destination_port = key.source_port;
    if (segment.has(wire::kAck)) {
        header.sequence = segment.acknowledgement;
        header.flags = wire::kRst;
    } else {
        std::size_t const length = segment.payload.size() + (segment.has(wire::kSyn) ? 1 : 0)
                                   + (segment.has(wire::kFin) ? 1 : 0);
        header.acknowledgement = segment.sequence + static_cast<Sequence>(length);
        header.flags = wire::kRst | wire::kAck;
    }
    put_tcp_packet(
        reply->head, {key.destination, world.agent_like(key.destination)}, {header, 0, 0});
}

} // namespace osh::netproxy::stack
