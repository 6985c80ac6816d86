// The face of the stack: looks flows up and hands on. What each call means is in the files it
// calls.

#include "netproxy/stack/stack.h"

#include "netproxy/stack/dns_service.h"
#include "netproxy/stack/ingress.h"
#include "netproxy/stack/tcp.h"
#include "netproxy/stack/udp.h"
#include "netproxy/stack/unreachable.h"

#include <algorithm>

namespace osh::netproxy::stack
{

struct Stack::Impl {
    Impl(Addresses const& addresses, Limits const& limits, std::uint64_t seed)
        : world(addresses, limits, seed), dns(world)
    {
    }

    // Flows of the caller only: neither our own DNS over TCP nor what is in TIME-WAIT.
    Flow* find(FlowId id)
    {
        Flow* const flow = world.flows.find(id);
        return flow && !flow->is_service ? flow : nullptr;
    }

    World world;
    DnsService dns;
};

Stack::Stack(Addresses const& addresses, Limits const& limits, std::uint64_t random_seed)
    : impl_(std::make_unique<Impl>(addresses, limits, random_seed))
{
}

Stack::~Stack() = default;

void Stack::handle_packet(Bytes packet, Instant now)
{
    impl_->world.now = now;
    take_packet(impl_->world, impl_->dns, packet, now);
}

bool Stack::lend_packet(Bytes packet, Instant now)
{
    impl_->world.may_lend = true;
    handle_packet(packet, now);
    impl_->world.may_lend = false;
    return impl_->world.lent != 0;
}

void Stack::keep_lent()
{
    if (Flow* const flow = impl_->world.flows.find(std::exchange(impl_->world.lent, 0)))
        flow->received.keep();
}

void Stack::handle_time(Instant now)
{
    World& world = impl_->world;
    world.now = now;
    while (Flow* const flow = world.timers.take_due(world.flows, now))
        tcp_deadline(world, *flow, now);
}

Instant Stack::next_deadline() const
{
    return impl_->world.timers.next(impl_->world.flows);
}

std::vector<Event> Stack::take_events()
{
    ++impl_->world.event_batch;
    return std::exchange(impl_->world.events, {});
}

void Stack::take_events(std::vector<Event>& into)
{
    ++impl_->world.event_batch;
    into.clear();
    into.swap(impl_->world.events);
}

bool Stack::next_packet(PacketOut& out, Instant now)
{
    World& world = impl_->world;
    world.now = now;
    if (world.replies.take(out))
        return true;
    while (Flow* const flow = world.ready.take(world.flows)) {
        if (tcp_emit(world, *flow, out, now))
            return true;
    }
    return false;
}

void Stack::accept(FlowId flow, Instant now)
{
    impl_->world.now = now;
    if (Flow* const found = impl_->find(flow))
        tcp_accept(impl_->world, *found, now);
}

void Stack::refuse(FlowId flow)
{
    if (Flow* const found = impl_->find(flow))
        tcp_refuse(impl_->world, *found);
}

void Stack::refuse(FlowId flow, Unreachable why)
{
    if (Flow* const found = impl_->find(flow))
        tcp_refuse(impl_->world, *found, why);
}

void Stack::reset(FlowId flow)
{
    if (Flow* const found = impl_->find(flow))
        tcp_reset(impl_->world, *found);
}

void Stack::finish(FlowId flow)
{
    Flow* const found = impl_->find(flow);
    if (!found || found->fin_wanted)
        return;
    found->fin_wanted = true;
    if (found->state == TcpState::Open)
        impl_->world.wake(*found);
}

Bytes Stack::received(FlowId flow) const
{
    Flow const* const found = impl_->find(flow);
    return found ? found->received.front() : Bytes();
}

void Stack::consume(FlowId flow, std::size_t count)
{
    if (Flow* const found = impl_->find(flow))
        tcp_consume(impl_->world, *found, count);
}

MutableBytes Stack::send_space(FlowId flow)
{
    World& world = impl_->world;
    Flow* const found = impl_->find(flow);
    if (!found || found->fin_wanted || found->state == TcpState::Held)
        return {};
    std::size_t const held = found->to_send.size();
    std::size_t const most = tcp_send_limit(world);
    std::size_t const limit = held >= most ? 0 : most - held;
    MutableBytes const space = found->to_send.space(world.pool, limit);
    if (!space.empty())
        return space;
    found->is_space_awaited = true;
    if (limit > 0 && !found->is_starved) {
        found->is_starved = true;
        world.starved.push_back(flow);
    }
    return {};
}

void Stack::commit(FlowId flow, std::size_t count)
{
    Flow* const found = impl_->find(flow);
    if (!found)
        return;
    if (count == 0)
        return found->to_send.consume(impl_->world.pool, 0);
    found->to_send.extend(count);
    if (found->state == TcpState::Open)
        impl_->world.wake(*found);
}

void Stack::expect_more(FlowId flow, More more)
{
    Flow* const found = impl_->find(flow);
    if (!found)
        return;
    found->expects_more = more == More::Yes;
    if (!found->expects_more && found->state == TcpState::Open && found->to_send.size() > 0)
        impl_->world.wake(*found);
}

void Stack::expect_answer(FlowId flow)
{
    if (Flow* const found = impl_->find(flow))
        tcp_expect_answer(impl_->world, *found);
}

bool Stack::peer_finished(FlowId flow) const
{
    Flow const* const found = impl_->find(flow);
    return found && found->peer_finished;
}

std::size_t Stack::unsent(FlowId flow) const
{
    Flow const* const found = impl_->find(flow);
    return found ? found->to_send.size() : 0;
}

std::size_t Stack::flow_count() const
{
    return impl_->world.flows.size() - impl_->world.waiting;
}

void Stack::answer_dns(
    std::uint64_t question, DnsReply reply, IpAddress const& address, std::uint32_t ttl_seconds)
{
    impl_->dns.answer(question, reply, address, ttl_seconds);
}

void Stack::answer_dns_name(std::uint64_t question, std::string_view name)
{
    impl_->dns.answer_name(question, name);
}

void Stack::send_udp(FlowTuple const& tuple_of_agent, Bytes payload)
{
    send_datagram(impl_->world, tuple_of_agent, payload);
}

void Stack::refuse_udp(FlowTuple const& tuple_of_agent, Unreachable why)
{
    send_unreachable_for_udp(impl_->world, tuple_of_agent, why);
}

void Stack::refuse_udp_size(FlowTuple const& tuple_of_agent, std::uint32_t mtu)
{
    send_too_big_for_udp(impl_->world, tuple_of_agent, mtu);
}

std::uint64_t Stack::memory_left() const
{
    return impl_->world.pool.room();
}

void Stack::hold_memory(std::uint64_t bytes)
{
    impl_->world.pool.hold(bytes);
}

void Stack::free_memory(std::uint64_t bytes)
{
    impl_->world.pool.free(bytes);
    tcp_release(impl_->world);
}

Drops const& Stack::drops() const
{
    return impl_->world.drops;
}

} // namespace osh::netproxy::stack
