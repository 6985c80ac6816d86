// TCP: one packet of a flow that is ready: a handshake answer, data as the windows allow, a
// retransmission, a FIN, a probe, or a bare acknowledgement.

#include "netproxy/stack/packet.h"
#include "netproxy/stack/tcp.h"
#include "netproxy/wire/fields.h"
#include "netproxy/wire/ip.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

using wire::kAck;
using wire::kFin;
using wire::kPsh;
using wire::kSyn;

constexpr std::size_t kMtu = 65520; // of the tun, at most: its super-packets fit any
constexpr std::size_t kMostSackBlocks = 4;
constexpr std::size_t kLongestOptions = 40;

struct Plan { // of one segment
    Sequence sequence = 0;
    std::size_t offset = 0, size = 0; // of the payload in the ring
    std::uint8_t flags = kAck;
};

std::size_t largest_payload(Flow const& flow)
{
    std::size_t const all =
        kMtu - wire::ip_header_size(flow.key.destination) - wire::kTcpHeaderSize;
    if (flow.segment_size >= all)
        return all;
    return all - all % flow.segment_size; // a super-packet of full segments
}

std::uint16_t window_field(World const& world, Flow& flow)
{
    Sequence edge = flow.receive_next + tcp_receive_room(world, flow);
    if (is_before(edge, flow.receive_edge))
        edge = flow.receive_edge; // RFC 9293 section 3.8.6: never shrink it
    auto const window = static_cast<std::uint32_t>(distance(flow.receive_next, edge));
    std::uint32_t const field = std::min<std::uint32_t>(window >> flow.receive_shift, 0xffff);
    Sequence const told = flow.receive_next + (field << flow.receive_shift);
    if (is_before(flow.receive_edge, told))
        flow.receive_edge = told;
    return static_cast<std::uint16_t>(field);
}

// RFC 2018: what lies behind a gap, so that only the gap is sent again.
std::size_t put_sack(MutableBytes out, Flow const& flow)
{
    if (!flow.may_sack || flow.hole_count == 0)
        return 0;
    std::size_t const blocks = std::min<std::size_t>(flow.hole_count, kMostSackBlocks);
    wire::put16(out, 0, 0x0101);
    wire::put8(out, 2, 5);
    wire::put8(out, 3, static_cast<unsigned>(2 + 8 * blocks));
    for (std::size_t i = 0; i < blocks; ++i) {
        wire::put32(out, 4 + 8 * i, (*flow.holes)[i].begin);
        wire::put32(out, 8 + 8 * i, (*flow.holes)[i].end);
    }
    return 4 + 8 * blocks;
}

void put_segment(World& world, Flow& flow, Plan const& plan, PacketOut& out)
{
    std::array<std::byte, kLongestOptions> options;
    TcpOut tcp;
    tcp.header.source_port = flow.key.destination_port;
    tcp.header.destination_port = flow.key.source_port;
    tcp.header.sequence = plan.sequence;
    tcp.header.acknowledgement = flow.receive_next;
    tcp.header.flags = plan.flags;
    tcp.header.window = window_field(world, flow);
    tcp.header.options = Bytes(options).first(put_sack(options, flow));
    tcp.payload_size = plan.size;
    tcp.segment_size = flow.segment_size;
    put_tcp_packet(out, {flow.key.destination, world.agent_like(flow.key.destination)}, tcp);
    out.payload = flow.to_send.view(plan.offset, plan.size);
    flow.ack_due = false;
}

void emit_syn_ack(World& world, Flow& flow, PacketOut& out, Instant now)
{
    std::array<std::byte, 12> options;
    MutableBytes const all(options);
    std::size_t size = 4;
    std::size_t const header = wire::ip_header_size(flow.key.destination) + wire::kTcpHeaderSize;
    wire::put32(all, 0, static_cast<std::uint32_t>(0x02040000 | (kMtu - header)));
    if (flow.scales_window) {
        wire::put32(all, size, 0x01030300u | flow.receive_shift);
        size += 4;
    }
    if (flow.may_sack) {
        wire::put32(all, size, 0x01010402);
        size += 4;
    }
    TcpOut tcp;
    tcp.header.source_port = flow.key.destination_port;
    tcp.header.destination_port = flow.key.source_port;
    tcp.header.sequence = flow.first_sequence;
    tcp.header.acknowledgement = flow.receive_next;
    tcp.header.flags = kSyn | kAck;
    std::uint32_t const window = std::min<std::uint32_t>(tcp_receive_room(world, flow), 0xffff);
    tcp.header.window = static_cast<std::uint16_t>(window);
    tcp.header.options = Bytes(options).first(size);
    put_tcp_packet(out, {flow.key.destination, world.agent_like(flow.key.destination)}, tcp);
    out.payload = {};
    flow.receive_edge = flow.receive_next + window;
    flow.syn_ack_due = flow.ack_due = false;
    if (flow.send_highest == flow.first_sequence) {
        flow.is_timing = true;
        flow.timed_at = now;
        flow.timed_sequence = flow.first_sequence + 1;
    } else {
        flow.is_timing = false;
    }
    flow.send_next = flow.send_highest = flow.first_sequence + 1;
    if (!flow.is_answer_due)
        tcp_restart_timer(world, flow, now);
}

// What the windows allow to be sent next; size 0 without FIN: nothing.
Plan plan_data(Flow const& flow)
{
    Plan plan{flow.send_next, 0, 0, kAck};
    std::size_t const flight = flow.in_flight();
    std::size_t const stored = flow.to_send.size();
    if (flight > stored || flow.fin_acked)
        return plan; // the FIN is on its way too
    std::size_t const window = std::min(flow.send_window, flow.congestion_window);
    std::size_t const room = window > flight ? window - flight : 0;
    std::size_t const waiting = stored - flight;
    plan.offset = flight;
    plan.size = std::min({waiting, room, largest_payload(flow)});
    // RFC 9293 section 3.8.6.2.1: no silly segments while others are in flight.
    bool const is_silly = plan.size < waiting && plan.size < flow.segment_size
                          && plan.size < flow.largest_window / 2 && flight > 0;
    // At most until all in flight is acknowledged: what was expected may not come.
    bool const waits_for_more = flow.expects_more && !flow.fin_wanted && plan.size == waiting
                                && plan.size < largest_payload(flow) && flight > 0;
    if (is_silly || waits_for_more)
        plan.size = 0;
    if (plan.size == waiting && waiting > 0)
        plan.flags |= kPsh;
    if (flow.fin_wanted && plan.size == waiting && room > plan.size)
        plan.flags |= kFin;
    return plan;
}

void note_sent(World& world, Flow& flow, Plan const& plan, Instant now)
{
    bool const has_fin = (plan.flags & kFin) != 0;
    flow.send_next += static_cast<Sequence>(plan.size + (has_fin ? 1 : 0));
    flow.fin_sent = flow.fin_sent || has_fin;
    if (is_before(flow.send_highest, flow.send_next)) {
        if (!flow.is_timing) {
            flow.is_timing = true;
            flow.timed_at = now;
            flow.timed_sequence = flow.send_next;
        }
        flow.send_highest = flow.send_next;
    }
    if (!flow.is_answer_due)
        tcp_restart_timer(world, flow, now);
}

void emit_head_again(World& world, Flow& flow, PacketOut& out, Instant now)
{
    flow.resend_head = false;
    Plan plan{flow.send_unacked, 0, 0, kAck};
    auto const sent = static_cast<std::size_t>(distance(flow.send_unacked, flow.send_highest));
    plan.size = std::min({sent, flow.to_send.size(), largest_payload(flow)});
    if (flow.fin_sent && plan.size == flow.to_send.size())
        plan.flags |= kFin;
    put_segment(world, flow, plan, out);
    tcp_restart_timer(world, flow, now);
}

// Linux's way (tcp_xmit_probe_skb): an empty segment with an old sequence number must be answered
// with an acknowledgement, which carries the window.
void emit_probe(World& world, Flow& flow, PacketOut& out)
{
    flow.probe_due = false;
    put_segment(world, flow, {flow.send_unacked - 1, 0, 0, kAck}, out);
}

bool emit_open(World& world, Flow& flow, PacketOut& out, Instant now)
{
    if (flow.resend_head && !flow.is_idle_sender()) {
        emit_head_again(world, flow, out, now);
        return true;
    }
    Plan const plan = plan_data(flow);
    if (plan.size > 0 || (plan.flags & kFin) != 0) {
        put_segment(world, flow, plan, out);
        note_sent(world, flow, plan, now);
        return true;
    }
    if (flow.probe_due) {
        emit_probe(world, flow, out);
        return true;
    }
    if (!flow.is_answer_due)
        tcp_restart_timer(world, flow, now); // a closed window: the persist timer
    if (!flow.ack_due)
        return false;
    put_segment(world, flow, {flow.send_next, 0, 0, kAck}, out);
    return true;
}

} // namespace

bool tcp_emit(World& world, Flow& flow, PacketOut& out, Instant now)
{
    switch (flow.state) {
    case TcpState::SynReceived:
        if (flow.syn_ack_due) {
            emit_syn_ack(world, flow, out, now);
            return true;
        }
        [[fallthrough]];
    case TcpState::TimeWait:
        if (!flow.ack_due)
            return false;
        put_segment(world, flow, {flow.send_next, 0, 0, kAck}, out);
        return true;
    case TcpState::Open:
        if (!emit_open(world, flow, out, now))
            return false;
        world.wake(flow); // at the end of its queue, if there is more
        return true;
    case TcpState::Held:
    case TcpState::Free: break;
    }
    return false;
}

} // namespace osh::netproxy::stack
