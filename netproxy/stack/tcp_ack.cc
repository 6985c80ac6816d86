// TCP: what an acknowledgement does to the send side: frees bytes, moves the window, measures the
// round trip (RFC 6298), and finds losses (RFC 5681, RFC 6582). The tun loses packets only when its
// queue overflows, yet then recovery must be right.

#include "netproxy/stack/tcp.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

constexpr Duration kShortestRetransmit = 200ms; // as Linux; RFC 6298 says 1 s for the internet
constexpr Duration kLongestRetransmit = 60s;    // RFC 6298 section 2.5
constexpr std::uint8_t kDuplicatesForLoss = 3;  // RFC 5681 section 3.2

void take_window(Flow& flow, wire::TcpSegment const& segment)
{
    bool const is_newer = is_before(flow.window_sequence, segment.sequence)
                          || (flow.window_sequence == segment.sequence
                              && is_at_or_before(flow.window_ack, segment.acknowledgement));
    if (!is_newer)
        return;
    flow.send_window = static_cast<std::uint32_t>(segment.window) << flow.send_shift;
    flow.largest_window = std::max(flow.largest_window, flow.send_window);
    flow.window_sequence = segment.sequence;
    flow.window_ack = segment.acknowledgement;
}

void open_congestion_window(Flow& flow, std::uint32_t acknowledged)
{
    constexpr std::uint32_t kLargest = 1u << 30;
    if (flow.congestion_window >= kLargest)
        return;
    if (flow.congestion_window < flow.slow_start_limit)
        flow.congestion_window += acknowledged;
    else
        flow.congestion_window += std::max<std::uint32_t>(
            1, static_cast<std::uint32_t>(
                   std::uint64_t{flow.segment_size} * acknowledged / flow.congestion_window));
}

void enter_recovery(Flow& flow)
{
    flow.slow_start_limit = std::max<std::uint32_t>(flow.in_flight() / 2, 2u * flow.segment_size);
    flow.congestion_window = flow.slow_start_limit;
    flow.recovery_point = flow.send_highest;
    flow.is_recovering = true;
    flow.resend_head = true;
    flow.is_timing = false; // Karn: a segment sent twice measures nothing
}

void take_duplicate(World& world, Flow& flow)
{
    if (flow.duplicate_acks < UINT8_MAX)
        ++flow.duplicate_acks;
    if (flow.duplicate_acks == kDuplicatesForLoss && !flow.is_recovering) {
        enter_recovery(flow);
        world.wake(flow);
    }
}

// Room for the owner again? Told late enough that a read is worth it.
void tell_space(World& world, Flow& flow)
{
    if (!flow.is_space_awaited || flow.to_send.size() > tcp_send_limit(world) / 4 * 3)
        return;
    flow.is_space_awaited = false;
    world.tell_writable(flow);
}

void advance(World& world, Flow& flow, Sequence ack, Instant now)
{
    auto count = static_cast<std::uint32_t>(distance(flow.send_unacked, ack));
    std::uint32_t data = count;
    if (flow.send_unacked == flow.first_sequence)
        --data; // our SYN
    if (data > flow.to_send.size()) {
        data = static_cast<std::uint32_t>(flow.to_send.size());
        flow.fin_acked = flow.fin_sent;
    }
    flow.to_send.consume(world.pool, data);
    flow.send_unacked = ack;
    if (is_before(flow.send_next, ack))
        flow.send_next = ack;
    if (flow.is_timing && is_at_or_before(flow.timed_sequence, ack)) {
        tcp_measure(flow, now - flow.timed_at);
        flow.is_timing = false;
    }
    flow.duplicate_acks = 0;
    flow.retries = 0;
    if (flow.is_recovering && is_before(ack, flow.recovery_point))
        flow.resend_head = true; // RFC 6582 section 3.2, a partial acknowledgement
    else
        flow.is_recovering = false;
    open_congestion_window(flow, count);
    tcp_restart_timer(world, flow, now);
    tell_space(world, flow);
    tcp_release(world);
}

} // namespace

void tcp_measure(Flow& flow, Duration round_trip)
{
    if (flow.smoothed_rtt == Duration(0)) {
        flow.smoothed_rtt = round_trip;
        flow.rtt_variation = round_trip / 2;
    } else {
        Duration const error = round_trip > flow.smoothed_rtt ? round_trip - flow.smoothed_rtt
                                                              : flow.smoothed_rtt - round_trip;
        flow.rtt_variation = (3 * flow.rtt_variation + error) / 4;
        flow.smoothed_rtt = (7 * flow.smoothed_rtt + round_trip) / 8;
    }
    flow.retransmit_after = std::clamp(
        flow.smoothed_rtt + 4 * flow.rtt_variation, kShortestRetransmit, kLongestRetransmit);
}

void tcp_acknowledged(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now)
{
    std::uint32_t const window_before = flow.send_window;
    take_window(flow, segment);
    Sequence const ack = segment.acknowledgement;
    if (is_before(flow.send_unacked, ack)) {
        advance(world, flow, ack, now);
    } else if (ack == flow.send_unacked && segment.payload.empty() && !segment.has(wire::kFin)
               && flow.send_window == window_before && !flow.is_idle_sender()) {
        take_duplicate(world, flow);
    }
    if (flow.send_window != window_before) {
        flow.retries = flow.send_window != 0 ? std::uint8_t{0} : flow.retries;
        tcp_restart_timer(world, flow, now);
    }
    if (flow.to_send.size() > 0 || (flow.fin_wanted && !flow.fin_acked))
        world.wake(flow);
}

} // namespace osh::netproxy::stack
