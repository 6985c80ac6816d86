// Two things about the owner of a flow that do not wait for it, or do not take its word for good:
// where any program may connect, the upstream is dialled at once; and an inspected connection asks
// again when its first request head is complete (security design H12).
//
// Nothing is answered to the agent, and nothing is sent to the upstream, before the owner is known:
// every line of the journal names a program.

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{

// Only where bytes are carried as they are: what is inspected is dialled at its first request.
void Core::dial_early(Flow& flow)
{
    flow.early = EarlyDial::Pending;
    open_upstream(flow);
    timers_.set(flow.id, at_.now + kOwnerTimeout);
}

// True: the owner is not known yet, and this has to wait.
bool Core::hold_early(Flow& flow, EarlyDial outcome, EarlyTrouble trouble)
{
    if (flow.phase != Phase::Identify)
        return false;
    flow.early = outcome;
    if (outcome != EarlyDial::Connected)
        flow.early_trouble = std::make_unique<EarlyTrouble>(std::move(trouble));
    return true;
}

// The owner is known and may connect: what happened meanwhile happens now.
void Core::resume_early(Flow& flow)
{
    using enum EarlyDial;
    auto const trouble = std::move(flow.early_trouble);
    switch (std::exchange(flow.early, None)) {
    case Connected: upstream_is_ready(flow); return;
    case Failed: upstream_failed(flow, trouble->failure, trouble->why); return;
    case AddressDenied: address_denied(flow, trouble->verdict); return;
    case None:
    case Pending: timers_.set(flow.id, at_.now + kConnectTimeout); return;
    }
}

// True: the request head waits for the owner. The streams of one connection wait together.
bool Core::look_again(Flow& flow)
{
    using enum Flow::SecondLook;
    auto& connection = flow.carrier != nullptr ? *flow.carrier : flow;
    if (connection.second_look == Due) {
        bool const nobody_could_tell =
            settings_.when_unruled == WhenUnruled::Deny && is_open_to_anyone(connection);
        connection.second_look = nobody_could_tell ? Done : Asked;
        if (!nobody_could_tell)
            ask_owner(connection, policy::OwnerDepth::Proven);
    }
    if (connection.second_look == Asked && flow.carrier != nullptr)
        timers_.set(flow.id, at_.now + kOwnerTimeout);
    return connection.second_look == Asked;
}

void Core::owner_known_again(Flow& flow, policy::OwnerAnswer const& answer)
{
    if (flow.second_look != Flow::SecondLook::Asked || flow.phase != Phase::Inspect)
        return holder_known(flow, answer);
    flow.second_look = Flow::SecondLook::Done;
    timers_.clear(flow.id);
    flow.identity =
        identities_.shared(flow.identity.confirmed_by(Identity::from(answer, flow.owner_depth)));
    judge_connection(flow);
    for (auto const id : std::vector(flow.talk().streams)) {
        auto* const stream = find(id);
        if (stream == nullptr)
            continue;
        stream->policy = flow.policy;
        stream->connect = flow.connect;
        pump_stream(*stream);
    }
    pump(flow);
}

} // namespace osh::netproxy::core
