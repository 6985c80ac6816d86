// TCP: received bytes find their place in the ring, in order or behind a gap, and the window opens
// as they are consumed (RFC 9293 sections 3.4, 3.8.6).

#include "netproxy/stack/tcp.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

// Notes [begin, end) as present behind the gap. False: too many islands; the bytes are not kept.
bool note_island(Flow& flow, Hole added)
{
    if (!flow.holes)
        flow.holes = std::make_unique<std::array<Hole, Flow::kMostHoles>>();
    auto& holes = *flow.holes;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < flow.hole_count; ++i) {
        Hole const hole = holes[i];
        if (is_before(added.end, hole.begin) || is_before(hole.end, added.begin)) {
            holes[kept++] = hole;
            continue;
        }
        added.begin = is_before(hole.begin, added.begin) ? hole.begin : added.begin;
        added.end = is_before(added.end, hole.end) ? hole.end : added.end;
    }
    flow.hole_count = static_cast<std::uint8_t>(kept);
    if (kept == Flow::kMostHoles)
        return false;
    // The latest first, as RFC 2018 section 4 wants them told.
    auto const end = holes.begin() + static_cast<std::ptrdiff_t>(kept);
    std::copy_backward(holes.begin(), end, end + 1);
    holes[0] = added;
    ++flow.hole_count;
    return true;
}

// The gap closed up to `end`: islands that touch it join.
Sequence join_islands(Flow& flow, Sequence end)
{
    if (!flow.holes)
        return end;
    auto& holes = *flow.holes;
    for (bool has_joined = true; has_joined;) {
        has_joined = false;
        std::size_t kept = 0;
        for (std::size_t i = 0; i < flow.hole_count; ++i) {
            Hole const hole = holes[i];
            if (!is_at_or_before(hole.begin, end)) {
                holes[kept++] = hole;
                continue;
            }
            has_joined = true;
            end = is_before(end, hole.end) ? hole.end : end;
        }
        flow.hole_count = static_cast<std::uint8_t>(kept);
    }
    if (flow.hole_count == 0)
        flow.holes.reset();
    return end;
}

// The part of the payload that lies inside the window and before the peer's FIN.
Bytes usable(Flow const& flow, wire::TcpSegment const& segment, Sequence& begin)
{
    Bytes payload = segment.payload;
    begin = segment.sequence;
    if (is_before(begin, flow.receive_next)) {
        auto const old = static_cast<std::size_t>(distance(begin, flow.receive_next));
        payload = payload.subspan(std::min(old, payload.size()));
        begin = flow.receive_next;
    }
    Sequence end = flow.receive_edge;
    if (flow.peer_fin_known && is_before(flow.peer_fin, end))
        end = flow.peer_fin;
    auto const room = static_cast<std::size_t>(std::max(distance(begin, end), 0));
    return payload.first(std::min(room, payload.size()));
}

// The tun's queue holds 500 packets (its default) and drops what comes on top, so all windows
// together stay below that: many uploads at once get one full segment each and lose nothing.
std::uint64_t queue_share(World const& world)
{
    constexpr std::uint64_t kQueuePackets = 400;
    constexpr std::uint64_t kSegment = 65'460; // full size on our link, IPv6 (IPv4: 20 more)
    std::uint64_t const packets = kQueuePackets / std::max(world.senders(), 1u);
    return std::max<std::uint64_t>(packets, 1) * (kSegment + 20);
}

// Bytes that arrive in order at an empty queue are mostly sent on before the next packet is read:
// then they are never copied here.
constexpr std::size_t kWorthLending = 16 * 1024;

bool store(World& world, Flow& flow, std::size_t gap, Bytes payload)
{
    bool const is_lent = world.may_lend && world.lent == 0 && gap == 0 && !flow.is_service
                         && payload.size() >= kWorthLending && flow.received.is_unused();
    if (!is_lent)
        return flow.received.write(world.pool, flow.received.size() + gap, payload);
    world.lent = flow.id;
    return flow.received.write_later(world.pool, payload);
}

// Less than this is not worth a packet of its own; less than any window we advertise.
constexpr std::uint32_t kWorthTelling = 32 * 1024;

} // namespace

void tcp_take_data(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now)
{
    world.count_sender(flow, now);
    flow.ack_due = true;
    flow.ack_waits = false;
    world.wake(flow);
    Sequence begin = 0;
    Bytes const payload = usable(flow, segment, begin);
    if (payload.empty())
        return;
    auto const gap = static_cast<std::size_t>(distance(flow.receive_next, begin));
    if (!store(world, flow, gap, payload)) {
        ++world.drops.over_limit; // not acknowledged, so it comes again
        return;
    }
    Sequence const end = begin + static_cast<Sequence>(payload.size());
    if (gap > 0) {
        if (!note_island(flow, {begin, end}))
            ++world.drops.over_limit;
        return;
    }
    Sequence const next = join_islands(flow, end);
    flow.received.extend(static_cast<std::size_t>(distance(flow.receive_next, next)));
    flow.receive_next = next;
    world.tell_readable(flow);
}

std::uint32_t tcp_receive_room(World const& world, Flow const& flow)
{
    std::size_t const held = flow.received.size();
    std::uint32_t const own = held >= world.limits.receive_ring
                                  ? 0
                                  : world.limits.receive_ring - static_cast<std::uint32_t>(held);
    // When the pool runs low each flow promises less, but a little always: the pool refuses what
    // does not fit, and a refused segment comes again.
    constexpr std::uint64_t kSmallestShare = 16 * 1024;
    std::uint64_t const share = std::max(world.pool.room() / 8, kSmallestShare);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>({own, share, queue_share(world)}));
}

void tcp_consume(World& world, Flow& flow, std::size_t count)
{
    flow.received.consume(world.pool, std::min(count, flow.received.size()));
    // RFC 9293 section 3.8.6.2.2: move the right edge in steps that are worth a segment.
    std::int32_t const gained =
        distance(flow.receive_edge, flow.receive_next + tcp_receive_room(world, flow));
    auto const worth =
        static_cast<std::int32_t>(std::min(world.limits.receive_ring / 4, kWorthTelling));
    if (gained >= worth && !flow.peer_finished) {
        flow.ack_due = true;
        flow.ack_waits = false;
        world.wake(flow);
    }
    tcp_release(world);
    tcp_end_if_done(world, flow, world.now);
}

// Only where nothing else is under way: loss and windows are told at once.
void tcp_expect_answer(World& world, Flow& flow)
{
    constexpr Duration kLongestWait = 40ms; // as Linux; well below its shortest retransmission
    bool const may_wait = flow.state == TcpState::Open && flow.ack_due && flow.hole_count == 0
                          && flow.is_idle_sender() && flow.to_send.size() == 0
                          && !flow.peer_fin_known && !flow.fin_wanted;
    if (!may_wait)
        return;
    flow.ack_waits = true;
    world.timers.arm(flow, world.now + kLongestWait);
}

} // namespace osh::netproxy::stack
