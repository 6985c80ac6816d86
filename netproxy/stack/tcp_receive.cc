// TCP: a segment arrives (RFC 9293 section 3.10.7), with the stricter checks of RFC 5961.

#include "netproxy/stack/tcp.h"

#include <utility>

namespace osh::netproxy::stack
{
namespace
{

using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

void owe_ack(World& world, Flow& flow)
{
    flow.ack_due = true;
    flow.ack_waits = false;
    world.wake(flow);
}

// RFC 9293 section 3.10.7.4, first check.
bool is_acceptable(Flow const& flow, wire::TcpSegment const& segment)
{
    std::int32_t const window = distance(flow.receive_next, flow.receive_edge);
    std::int32_t const begin = distance(flow.receive_next, segment.sequence);
    std::int32_t const length =
        static_cast<std::int32_t>(segment.payload.size()) + (segment.has(kFin) ? 1 : 0);
    if (length == 0)
        return window == 0 ? begin == 0 : begin >= 0 && begin <= window;
    if (window == 0)
        return false;
    return begin < window && begin + length > 0;
}

// A new SYN for addresses that are already in use. True: the segment was dealt with.
bool take_syn(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now)
{
    bool const is_same = segment.sequence + 1 == flow.receive_next;
    switch (flow.state) {
    case TcpState::Held:
        if (is_same) {
            flow.last_heard = now; // connect(2) still waits
            return true;
        }
        tcp_remove(world, flow, Reason::Reset);
        return false;
    case TcpState::SynReceived:
        if (is_same)
            flow.syn_ack_due = true;
        else
            flow.ack_due = true; // RFC 5961 section 4: the answer to it tells which one is stale
        world.wake(flow);
        return true;
    case TcpState::TimeWait:
        if (is_before(flow.receive_next, segment.sequence)) { // RFC 9293 section 3.6.1
            tcp_remove(world, flow, Reason::Finished);
            return false;
        }
        break;
    case TcpState::Open:
    case TcpState::Free: break;
    }
    owe_ack(world, flow);
    return true;
}

// RFC 5961 section 3: exact, or a question back.
void take_reset(World& world, Flow& flow, wire::TcpSegment const& segment)
{
    if (segment.sequence == flow.receive_next)
        return tcp_remove(world, flow, Reason::Reset);
    if (flow.state != TcpState::Held && is_acceptable(flow, segment))
        owe_ack(world, flow);
}

// True: it may go on. RFC 5961 section 5.
bool is_ack_believable(Flow const& flow, Sequence ack)
{
    return is_at_or_before(ack, flow.send_highest)
           && distance(ack, flow.send_unacked) <= static_cast<std::int32_t>(flow.largest_window);
}

// The third step of the handshake. False: it was not one.
bool finish_handshake(World& world, Flow& flow, wire::TcpSegment const& segment)
{
    if (segment.acknowledgement != flow.send_highest || flow.send_highest == flow.send_unacked) {
        tcp_reset_stranger(world, flow.key, segment);
        return false;
    }
    flow.state = TcpState::Open;
    --world.half_open;
    world.tell_writable(flow);
    return true;
}

void take_fin(World& world, Flow& flow, wire::TcpSegment const& segment)
{
    if (segment.has(kFin) && !flow.peer_fin_known) {
        flow.peer_fin_known = true;
        flow.peer_fin = segment.sequence + static_cast<Sequence>(segment.payload.size());
    }
    if (!flow.peer_fin_known || flow.peer_finished || flow.peer_fin != flow.receive_next)
        return;
    ++flow.receive_next;
    if (is_before(flow.receive_edge, flow.receive_next))
        flow.receive_edge = flow.receive_next;
    flow.peer_finished = true;
    owe_ack(world, flow);
    world.tell_readable(flow);
}

void take_segment(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now)
{
    if (!is_acceptable(flow, segment)) {
        owe_ack(world, flow);
        // A window probe or an old duplicate may still carry a newer acknowledgement.
        if (segment.has(kAck) && flow.state == TcpState::Open
            && is_ack_believable(flow, segment.acknowledgement)) {
            tcp_acknowledged(world, flow, segment, now);
            tcp_end_if_done(world, flow, now);
        }
        return;
    }
    if (!segment.has(kAck))
        return;
    if (flow.state == TcpState::SynReceived && !finish_handshake(world, flow, segment))
        return;
    if (!is_ack_believable(flow, segment.acknowledgement))
        return owe_ack(world, flow);
    tcp_acknowledged(world, flow, segment, now);
    if (flow.state == TcpState::Open) {
        if (!segment.payload.empty())
            tcp_take_data(world, flow, segment, now);
        take_fin(world, flow, segment);
    }
    tcp_end_if_done(world, flow, now);
}

} // namespace

void tcp_arrives(World& world, FlowKey const& key, wire::TcpSegment const& segment, Instant now)
{
    Flow* flow = world.flows.find(key);
    bool const is_syn = segment.has(kSyn) && !segment.has(kAck);
    if (flow && is_syn && !segment.has(kRst)) {
        if (take_syn(world, *flow, segment, now))
            return;
        flow = nullptr;
    }
    if (!flow) {
        if (is_syn && !segment.has(kRst) && !segment.has(kFin))
            return tcp_open(world, key, segment, now);
        ++world.drops.no_flow;
        return tcp_reset_stranger(world, key, segment);
    }
    flow->last_heard = now;
    if (std::exchange(flow->unanswered, std::uint8_t{0}) != 0 && flow->send_window != 0)
        flow->retries = 0; // a keep-alive was answered
    if (segment.has(kRst))
        return take_reset(world, *flow, segment);
    if (flow->state == TcpState::Held)
        return; // nothing was answered yet
    if (segment.has(kSyn))
        return owe_ack(world, *flow); // RFC 5961 section 4, with or without ACK
    take_segment(world, *flow, segment, now);
}

} // namespace osh::netproxy::stack
