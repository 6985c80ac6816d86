// TCP: what happens when nothing happens (RFC 6298 section 5, RFC 9293 sections 3.8.3, 3.8.6.1).
// One timer per flow; what it means follows from the state.

#include "netproxy/stack/tcp.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

// From 200 ms on, doubling: about 100 s (RFC 1122 section 4.2.3.5, R2).
constexpr std::uint8_t kMostRetries = 9;
constexpr std::uint8_t kMostSynRetries = 5;
// A peer that keeps its window shut may do so as long as it answers (RFC 9293 section 3.8.6.1).
constexpr std::uint8_t kMostUnanswered = 9;
constexpr Duration kLongestBackoff = 60s;
// A connection that is silent for so long is asked whether its peer still exists (RFC 1122 section
// 4.2.3.6). Not the standard's two hours: it is the only way to learn that an agent's process was
// killed while its last segment was lost, and a probe over our link costs nothing.
constexpr Duration kKeepAlive = 10min;
constexpr Duration kIdleService = 30s; // RFC 7766 section 6.2.3: DNS over TCP, in seconds

Duration backed_off(Flow const& flow)
{
    return std::min(
        flow.retransmit_after * (1 << std::min<int>(flow.retries, 10)), kLongestBackoff);
}

void retransmit_all(World& world, Flow& flow, Instant now)
{
    if (flow.retries++ >= kMostRetries)
        return tcp_reset(world, flow);
    // RFC 5681 section 3.1 (4): halve, and begin again with one segment.
    flow.slow_start_limit = std::max<std::uint32_t>(
        static_cast<std::uint32_t>(distance(flow.send_unacked, flow.send_highest)) / 2,
        2u * flow.segment_size);
    flow.congestion_window = flow.segment_size;
    flow.send_next = flow.send_unacked;
    flow.is_timing = false;
    flow.is_recovering = flow.resend_head = false;
    flow.duplicate_acks = 0;
    world.timers.arm(flow, now + backed_off(flow));
    world.wake(flow);
}

void probe(World& world, Flow& flow, Instant now)
{
    if (flow.unanswered++ >= kMostUnanswered)
        return tcp_reset(world, flow);
    flow.send_next = flow.send_unacked; // what was in flight did not fit
    flow.retries = static_cast<std::uint8_t>(std::min(flow.retries + 1, 10));
    flow.probe_due = true;
    world.timers.arm(flow, now + backed_off(flow));
    world.wake(flow);
}

void idle(World& world, Flow& flow, Instant now)
{
    if (flow.ack_waits) { // the answer takes its time
        flow.ack_waits = false;
        world.wake(flow);
        return tcp_restart_timer(world, flow, now);
    }
    Duration const limit = flow.is_service ? kIdleService : kKeepAlive;
    if (now - flow.last_heard < limit && flow.unanswered == 0)
        return world.timers.arm(flow, flow.last_heard + limit);
    if (flow.is_service)
        return tcp_reset(world, flow);
    probe(world, flow, now);
}

void again_syn_ack(World& world, Flow& flow, Instant now)
{
    if (flow.retries++ >= kMostSynRetries)
        return tcp_reset(world, flow);
    flow.syn_ack_due = true;
    world.timers.arm(flow, now + backed_off(flow));
    world.wake(flow);
}

void open_deadline(World& world, Flow& flow, Instant now)
{
    bool const has_more = flow.to_send.size() > 0 || (flow.fin_wanted && !flow.fin_acked);
    if (flow.is_idle_sender() && !has_more)
        idle(world, flow, now);
    else if (flow.is_idle_sender() || flow.send_window == 0)
        probe(world, flow, now);
    else
        retransmit_all(world, flow, now);
}

} // namespace

void tcp_restart_timer(World& world, Flow& flow, Instant now)
{
    if (flow.state != TcpState::Open && flow.state != TcpState::SynReceived)
        return;
    bool const has_flight = !flow.is_idle_sender();
    bool const has_more = flow.to_send.size() > 0 || (flow.fin_wanted && !flow.fin_acked);
    flow.is_answer_due = has_flight || has_more;
    if (flow.is_answer_due)
        world.timers.arm(flow, now + backed_off(flow));
    else if (!flow.ack_waits)
        world.timers.arm(flow, now + (flow.is_service ? kIdleService : kKeepAlive));
}

void tcp_deadline(World& world, Flow& flow, Instant now)
{
    switch (flow.state) {
    case TcpState::Held:
        if (now - flow.last_heard < kHeldSilence)
            return world.timers.arm(flow, flow.last_heard + kHeldSilence);
        return tcp_remove(world, flow, Reason::Reset);
    case TcpState::TimeWait: return tcp_remove(world, flow, Reason::Finished);
    case TcpState::SynReceived: return again_syn_ack(world, flow, now);
    case TcpState::Open: return open_deadline(world, flow, now);
    case TcpState::Free: break;
    }
}

} // namespace osh::netproxy::stack
