// Bytes of a flow and its upstream. A spliced flow hands out views into the stack's own rings, so
// the shell moves them without a copy here; the rings' bounds are the back-pressure both ways.

#include "netproxy/core/core.h"

#include <utility>

namespace osh::netproxy::core
{

void Core::pump_splice(Flow& flow)
{
    if (!flow.may_send_upstream && !check_spliced_start(flow) && flow.phase != Phase::Splice)
        return;
    flow.upstream.lacks_space = false;
    attend(flow);
}

Bytes Core::to_upstream(UpstreamId id) const
{
    if (auto const* link = links_.find(id))
        return link->upstream.tls->output();
    auto const* flow = find_upstream(id);
    if (flow == nullptr)
        return {};
    auto const& upstream = flow->upstream;
    if (flow->phase == Phase::Splice)
        return flow->may_send_upstream ? parts_.agent.received(flow->id) : Bytes{};
    if (upstream.tls != nullptr)
        return upstream.tls->output();
    return upstream.state == UpstreamState::Open && flow->http ? flow->http->to_upstream()
                                                               : Bytes{};
}

void Core::sent_upstream(UpstreamId id, std::size_t count, Moment at)
{
    at_ = at;
    if (auto* link = links_.find(id)) {
        link->upstream.tls->consume_output(count);
        pump_link(*link);
        sweep();
        return;
    }
    auto* flow = find_upstream(id);
    if (flow == nullptr || count == 0)
        return;
    (flow->carrier != nullptr ? flow->carrier : flow)->bytes_up += count;
    if (flow->phase == Phase::Splice) {
        parts_.agent.consume(flow->id, count);
        return;
    }
    if (flow->upstream.tls != nullptr)
        flow->upstream.tls->consume_output(count);
    else if (flow->http != nullptr)
        flow->http->consume_to_upstream(count);
    pump(*flow);
    sweep();
}

bool Core::has_finished_sending(UpstreamId id) const
{
    auto const* flow = find_upstream(id);
    if (flow == nullptr || flow->phase != Phase::Splice)
        return flow != nullptr && has_finished_socket(*flow);
    return parts_.agent.peer_finished(flow->id) && parts_.agent.received(flow->id).empty();
}

bool Core::wants_upstream(UpstreamId id) const
{
    if (pool_.has(id))
        return true; // its end must be seen before somebody relies on it
    if (auto const* link = links_.find(id))
        return !link->upstream.has_ended && !link->upstream.lacks_space
               && link->upstream.inbox.has_space();
    auto const* flow = find_upstream(id);
    if (flow == nullptr || flow->upstream.has_ended || flow->phase == Phase::Identify)
        return false; // of an early dial nothing is read before the owner is known
    if (flow->phase == Phase::Splice)
        return !flow->upstream.lacks_space; // asking for space would take it
    return !flow->upstream.lacks_space && flow->upstream.inbox.has_space();
}

MutableBytes Core::upstream_space(UpstreamId id)
{
    if (pool_.has(id))
        return pool_.space();
    if (auto* link = links_.find(id))
        return link->upstream.has_ended || !link->upstream.inbox.has_space()
                       || !may_read_more(link->upstream)
                   ? MutableBytes{}
                   : link->upstream.inbox.space(blocks_);
    auto* flow = find_upstream(id);
    if (flow == nullptr || flow->upstream.has_ended || flow->phase == Phase::Identify)
        return {};
    if (flow->phase == Phase::Splice) {
        auto const space = parts_.agent.send_space(flow->id);
        flow->upstream.lacks_space = space.empty();
        return space;
    }
    bool const may_read = flow->upstream.inbox.has_space() && may_read_more(flow->upstream);
    return may_read ? flow->upstream.inbox.space(blocks_) : MutableBytes{};
}

void Core::received_from_upstream(UpstreamId id, std::size_t count, Moment at)
{
    at_ = at;
    if (pool_.has(id)) {
        if (!pool_.received(id, count))
            commands_.push_back(CloseUpstream{id, Ending::Finish});
        return;
    }
    if (auto* link = links_.find(id)) {
        if (count > 0)
            link->heard = at;
        link->upstream.inbox.commit(count);
        link->upstream.inbox.give_back(blocks_); // when nothing came
        pump_link(*link);
        sweep();
        return;
    }
    auto* flow = find_upstream(id);
    if (flow == nullptr)
        return;
    (flow->carrier != nullptr ? flow->carrier : flow)->bytes_down += count;
    if (flow->phase == Phase::Splice) {
        parts_.agent.commit(flow->id, count);
        return;
    }
    flow->upstream.inbox.commit(count);
    flow->upstream.inbox.give_back(blocks_);
    expect_more(*flow, flow->upstream.inbox.is_filled() ? stack::More::Yes : stack::More::No);
    pump(*flow);
    sweep();
}

// A read that fills the buffer is followed by another one: without this each would end in a small
// packet.
void Core::expect_more(Flow& flow, stack::More more)
{
    bool const expects = more == stack::More::Yes;
    if (flow.carrier == nullptr && std::exchange(flow.upstream.expects_more, expects) != expects)
        parts_.agent.expect_more(flow.id, more);
}

} // namespace osh::netproxy::core
