// Streams on shared HTTP/2 connections to upstreams (upstream_link.h): the way of a judged stream
// to one of them, or to an HTTP/1.1 connection of its own where the server does not speak HTTP/2.
// Every stream is checked against the addresses of the connection it joins.

#include "netproxy/core/core.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{

using proxy::TlsState;

LinkKey Core::link_key(Flow const& flow) const
{
    return {flow.host, flow.tuple.destination_port, std::string(flow.who().caller().binary),
        flow.talked() != nullptr ? flow.talked()->credential : std::string{}};
}

// The request was forwarded and nothing carries it yet.
void Core::route_stream(Flow& flow)
{
    auto const port = flow.tuple.destination_port;
    bool const may_share = flow.is_encrypted() && !flow.stream->wants_http1()
                           && !links_.is_http1(flow.host, port, at_.now) && !links_.is_full();
    if (may_share && is_for_socket(flow) && route_socket(flow))
        return;
    if (!may_share || (is_for_socket(flow) && !links_.is_http2(flow.host, port, at_.now))) {
        if (waits_for_turn(flow))
            return;
        flow.stream->start_http1();
        if (!reuse_upstream(flow))
            open_upstream(flow);
        return;
    }
    if (join_link(flow))
        return;
    auto const key = link_key(flow);
    if (links_.is_pending(key)) {
        links_.wait(key, flow.id);
        flow.link_role = LinkRole::Waits;
        timers_.set(flow.id, at_.now + kConnectTimeout);
        return;
    }
    links_.begin(key);
    flow.link_role = LinkRole::Leads;
    open_upstream(flow);
}

std::size_t Core::own_connections(Flow const& carrier) const
{
    auto const* const talk = carrier.talked();
    if (talk == nullptr)
        return 0;
    return static_cast<std::size_t>(std::ranges::count_if(talk->streams, [&](FlowId id) {
        auto const found = flows_.find(id);
        return found != flows_.end() && found->second->upstream.id != 0;
    }));
}

// A server of HTTP/1.1 sees no more connections for an HTTP/2 client than for a few others.
bool Core::waits_for_turn(Flow& flow)
{
    Talk& talk = flow.carrier->talk();
    if (own_connections(*flow.carrier) < talk.own_connections)
        return false;
    talk.turns.push_back(flow.id);
    timers_.set(flow.id, at_.now + kTurnPatience);
    return true;
}

void Core::give_turns(Flow& carrier)
{
    while (!carrier.talk().turns.empty()
           && own_connections(carrier) < carrier.talk().own_connections) {
        auto* const flow = find(carrier.talk().turns.front());
        carrier.talk().turns.erase(carrier.talk().turns.begin());
        if (flow == nullptr || flow->phase != Phase::Inspect || !flow->stream->needs_start())
            continue;
        timers_.clear(flow->id);
        route_stream(*flow);
        pump_stream(*flow);
    }
}

// Streams of events or answers that nobody reads keep their connections: the others would wait for
// ever. False when this stream does not wait for a turn.
bool Core::has_waited_long(Flow& flow)
{
    if (flow.carrier == nullptr || std::ranges::count(flow.carrier->talk().turns, flow.id) == 0)
        return false;
    Flow& carrier = *flow.carrier;
    ++carrier.talk().own_connections;
    for (FlowId const waiting : carrier.talk().turns)
        timers_.set(waiting, at_.now + kTurnPatience); // one may do for all of them
    give_turns(carrier);
    pump(carrier);
    return true;
}

bool Core::join_link(Flow& flow)
{
    for (auto* link : links_.open_links(link_key(flow))) {
        policy::Verdict why_not;
        auto const& addresses = link->upstream.addresses;
        if (link->is_quiet(at_) || checked(flow, addresses, why_not).size() != addresses.size()
            || !link->http2.start(*flow.stream).ok())
            continue;
        flow.link = link->upstream.id;
        flow.link_role = LinkRole::None;
        timers_.clear(flow.id);
        links_.in_use(flow.link);
        pump_link(*link);
        return true;
    }
    return false;
}

// The leader's handshake is done: the server has chosen.
void Core::link_is_secure(Flow& flow)
{
    auto const key = link_key(flow);
    flow.link_role = LinkRole::None;
    auto const waiting = links_.finish(key);
    if (flow.upstream.tls->alpn() == "h2") {
        by_upstream_.erase(flow.upstream.id);
        auto& link = links_.add(key, std::exchange(flow.upstream, Upstream{}));
        link.heard = at_;
        links_.expect_settings(link, at_.now);
        if (is_for_socket(flow))
            wait_for_settings(link, flow);
        else if (!join_link(flow))
            upstream_failed(flow, DialFailure::Other, "it takes no request");
    } else {
        links_.note_http1(flow.host, flow.tuple.destination_port, at_.now);
        flow.stream->start_http1();
    }
    for (auto const id : waiting)
        if (auto* other = waiting_flow(id))
            route_stream(*other);
}

Flow* Core::waiting_flow(FlowId id)
{
    auto* flow = find(id);
    if (flow == nullptr || flow->link_role != LinkRole::Waits)
        return nullptr;
    flow->link_role = LinkRole::None;
    if (!flow->stream->needs_start())
        return nullptr; // it was cut, and its reset waits for a reader
    timers_.clear(id);
    return flow;
}

// Who waited for the connection that this flow was making; it makes it no more.
std::vector<FlowId> Core::stop_leading(Flow& flow)
{
    if (std::exchange(flow.link_role, LinkRole::None) != LinkRole::Leads)
        return {};
    return links_.finish(link_key(flow));
}

void Core::pump_link(Link& link)
{
    if (link.is_over || std::exchange(link.is_pumping, true))
        return; // the pump that runs goes round once more
    link.http2.set_time(at_.now);
    bool moved = true;
    while (moved) {
        moved = move_link_bytes(link);
        for (auto const id : link.http2.take_touched()) {
            moved = true;
            if (auto* flow = find(id))
                link_stream_moved(*flow);
        }
    }
    link.is_pumping = false;
    if (!link.http2.awaits_settings())
        links_.settings_came(link);
    settle_link(link);
    settings_arrived(link);
}

bool Core::move_link_bytes(Link& link)
{
    auto& upstream = link.upstream;
    auto moved = take_plain_from_upstream(upstream);
    auto const taken = link.http2.receive(upstream.plain.front());
    upstream.plain.consume(taken, blocks_);
    auto const state = upstream.tls->state();
    bool const is_lost = state == TlsState::Closed || state == TlsState::Failed
                         || (upstream.has_ended && upstream.inbox.is_empty());
    if (is_lost && upstream.plain.is_empty())
        link.http2.transport_ended();
    auto const written = upstream.tls->write(link.http2.output());
    link.http2.consume_output(written);
    return moved + taken + written > 0;
}

// Something came for it, or its stream is gone.
void Core::link_stream_moved(Flow& flow)
{
    if (flow.link != 0 && !flow.stream->is_on_http2()) {
        flow.link = 0;
        if (flow.stream->wants_http1() && !is_for_socket(flow)) // else it is about this one
            links_.note_http1(flow.host, flow.tuple.destination_port, at_.now);
        if (flow.stream->may_send_again()) {
            flow.stream->send_again();
            route_stream(flow);
        }
    }
    pump(flow);
}

void Core::settle_link(Link& link)
{
    auto const id = link.upstream.id;
    auto const state = link.upstream.tls->state();
    bool const is_over = state != TlsState::Open || link.upstream.has_ended || link.http2.is_over()
                         || (link.http2.is_idle() && !link.http2.may_start()); // it sent GOAWAY
    if (is_over) {
        links_.mark_over(link);
        weigh(link);
        commands_.push_back(CloseUpstream{id, Ending::Finish});
        return;
    }
    weigh(link);
    if (link.http2.is_idle())
        links_.idle_since(id, at_.now);
    if (!std::exchange(link.upstream.attend_queued, true))
        commands_.push_back(Attend{id});
}

void Core::handle_link_time()
{
    while (auto const id = links_.take_silent(at_.now))
        if (auto* link = links_.find(id))
            leave_silent(*link);
    while (auto const id = links_.take_due(at_.now)) {
        auto* link = links_.find(id);
        if (link == nullptr || !link->http2.is_idle())
            continue;
        link->http2.close();
        move_link_bytes(*link);
        links_.mark_over(*link);
        settings_arrived(*link);
        weigh(*link);
        commands_.push_back(CloseUpstream{id, Ending::Finish});
    }
}

// A stream that ends early must not keep its server busy.
void Core::leave_link(Flow& stream)
{
    auto* const link = links_.find(std::exchange(stream.link, 0));
    if (link == nullptr)
        return;
    stream.stream->leave_upstream();
    pump_link(*link);
}

} // namespace osh::netproxy::core
