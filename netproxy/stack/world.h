#pragma once
// What the parts of the stack share. No behaviour of its own beyond telling and waking.

#include "netproxy/stack/flow_table.h"
#include "netproxy/stack/ready_queue.h"
#include "netproxy/stack/replies.h"
#include "netproxy/stack/stack.h"
#include "netproxy/stack/timers.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::stack
{

struct World {
    World(Addresses const& our_addresses, Limits const& our_limits, std::uint64_t seed)
        : addresses(our_addresses), limits(our_limits), secret(seed),
          pool(our_limits.total_buffer_bytes), flows(our_limits.max_flows, seed)
    {
    }

    Addresses addresses;
    Limits limits;
    std::uint64_t secret;
    Instant now{}; // of the latest call that brought a time
    ChunkPool pool;
    FlowTable flows;
    Timers timers;
    ReadyQueue ready;
    Replies replies;
    Drops drops;
    // A packet's buffer may be read until keep_lent(): the flow that does, if one is enough.
    bool may_lend = false;
    FlowId lent = 0;
    std::vector<Event> events;
    std::uint32_t event_batch = 1;            // counts take_events()
    std::uint32_t half_open = 0, waiting = 0; // flows Held or SynReceived; flows in TimeWait
    std::int64_t sender_tick = 0;
    std::uint32_t senders_now = 0, senders_before = 0;
    std::vector<FlowId> starved;      // senders that wait for room in the pool
    std::vector<FlowId> service_work; // DNS over TCP flows with something to read
    std::vector<FlowId> time_wait;    // in the order in which they end
    std::size_t time_wait_first = 0;

    // Flows that sent us data lately: the most of this tick and the one before.
    std::uint32_t senders() const { return std::max(senders_now, senders_before); }
    void count_sender(Flow& flow, Instant at);

    void wake(Flow& flow) { ready.add(flow, flows); }
    IpAddress const& agent_like(IpAddress const& other) const
    {
        return other.is_v4() ? addresses.agent_v4 : addresses.agent_v6;
    }
    IpAddress const& gateway_like(IpAddress const& other) const
    {
        return other.is_v4() ? addresses.gateway_v4 : addresses.gateway_v6;
    }
    FlowTuple tuple_of(Flow const& flow) const
    {
        return {agent_like(flow.key.destination), flow.key.destination, flow.key.source_port,
            flow.key.destination_port};
    }
    void tell_readable(Flow& flow)
    {
        if (flow.is_service)
            service_work.push_back(flow.id);
        else if (std::exchange(flow.readable_told, event_batch) != event_batch)
            events.push_back(TcpReadable{flow.id});
    }
    void tell_writable(Flow& flow)
    {
        if (flow.is_service)
            service_work.push_back(flow.id);
        else
            events.push_back(TcpWritable{flow.id});
    }
};

inline void World::count_sender(Flow& flow, Instant at)
{
    constexpr std::int64_t kTick = 32'000'000; // nanoseconds: a full queue of the tun takes less
    std::int64_t const tick = at.nanoseconds / kTick;
    if (tick != sender_tick) {
        senders_before = tick == sender_tick + 1 ? senders_now : 0;
        senders_now = 0;
        sender_tick = tick;
    }
    if (std::exchange(flow.sender_tick, tick) != tick)
        ++senders_now;
}

} // namespace osh::netproxy::stack
