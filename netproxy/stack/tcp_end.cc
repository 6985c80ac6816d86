// TCP: ending. Both sides finished, or a reset, or a time-out.

#include "netproxy/stack/packet.h"
#include "netproxy/stack/tcp.h"

namespace osh::netproxy::stack
{
namespace
{

// RFC 9293 section 3.4.2 has two maximum segment lifetimes, four minutes. On a wire of zero length
// a segment lives as long as a queue of packets; one second still answers a FIN that was sent
// again (Linux: after 200 ms).
constexpr Duration kTimeWait = 1s;

// Many end together: a wake-up each would be as many as there are connections.
Instant next_sweep(Instant at)
{
    constexpr std::int64_t kSweep = 250'000'000; // nanoseconds
    return Instant{(at.nanoseconds / kSweep + 1) * kSweep};
}

void forget(World& world, Flow& flow)
{
    if (flow.state == TcpState::Held || flow.state == TcpState::SynReceived)
        --world.half_open;
    if (flow.state == TcpState::TimeWait)
        --world.waiting;
    world.ready.remove(flow, world.flows);
    flow.received.clear(world.pool);
    flow.to_send.clear(world.pool);
    world.flows.remove(flow);
    tcp_release(world);
}

void enter_time_wait(World& world, Flow& flow, Instant now)
{
    if (!flow.is_service)
        world.events.push_back(TcpClosed{flow.id, false});
    world.flows.retire(flow);
    world.wake(flow);       // behind those who wait for a word
    flow.is_service = true; // its owner's last word has been said
    ++world.waiting;
    // Those that have ended since are at the front.
    while (world.time_wait_first < world.time_wait.size()
           && world.flows.find(world.time_wait[world.time_wait_first]) == nullptr)
        ++world.time_wait_first;
    if (world.time_wait_first * 2 > world.time_wait.size()) {
        world.time_wait.erase(world.time_wait.begin(),
            world.time_wait.begin() + static_cast<std::ptrdiff_t>(world.time_wait_first));
        world.time_wait_first = 0;
    }
    world.time_wait.push_back(flow.id);
    world.timers.arm(flow, next_sweep(now + kTimeWait));
}

} // namespace

void tcp_remove(World& world, Flow& flow, Reason reason)
{
    if (!flow.is_service)
        world.events.push_back(TcpClosed{flow.id, reason == Reason::Reset});
    forget(world, flow);
}

void tcp_reset(World& world, Flow& flow)
{
    if (flow.state == TcpState::Held)
        return tcp_refuse(world, flow);
    if (Replies::Reply* const reply = world.replies.add(0)) {
        wire::TcpHeader header;
        header.source_port = flow.key.destination_port;
        header.destination_port = flow.key.source_port;
        // RFC 5961 section 3: only the exact next sequence number is believed at once.
        header.sequence = flow.send_highest;
        header.acknowledgement = flow.receive_next;
        header.flags = wire::kRst | wire::kAck;
        put_tcp_packet(reply->head, {flow.key.destination, world.agent_like(flow.key.destination)},
            {header, 0, 0});
    }
    tcp_remove(world, flow, Reason::Reset);
}

// RFC 9293 section 3.6. The last acknowledgement must still go out before a flow may vanish: so
// LAST-ACK ends here when our FIN is acknowledged, and the other orders pass through TIME-WAIT.
void tcp_end_if_done(World& world, Flow& flow, Instant now)
{
    if (flow.state != TcpState::Open || !flow.fin_acked || !flow.peer_finished)
        return;
    if (flow.received.size() > 0)
        return; // its owner still reads
    if (flow.ack_due)
        enter_time_wait(world, flow, now);
    else
        tcp_remove(world, flow, Reason::Finished);
}

void tcp_release(World& world)
{
    if (world.starved.empty() || world.pool.room() < ChunkPool::kLarge)
        return;
    std::vector<FlowId> const starved = std::move(world.starved);
    world.starved.clear();
    for (FlowId const id : starved) {
        Flow* const flow = world.flows.find(id);
        if (!flow || !flow->is_starved)
            continue;
        flow->is_starved = false;
        flow->is_space_awaited = false;
        world.tell_writable(*flow);
    }
}

} // namespace osh::netproxy::stack
