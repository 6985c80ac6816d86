// A person may take a minute, and by then whoever asked may be gone: then nobody is asked any more,
// and what was asked about is never sent. A reset, the end of TLS and a stream that was reset say
// it at once. The end of TCP's one direction does not (RFC 9293 section 3.6): `nc -N` and clients
// of HTTP/1.0 send it and read on. What it means init is asked: a socket that no descriptor refers
// to any more has nobody who reads. So it is when the end comes, every kLookAgain, as the end may
// be stuck behind a body that nobody reads yet, or there is none, and before an answer that allows.

#include "netproxy/core/core.h"

#include <utility>

namespace osh::netproxy::core
{

void Core::look_for_client(Flow& flow)
{
    auto const& tuple = flow.tuple;
    commands_.push_back(AskOwner{{flow.id, 6, tuple.source, tuple.destination, tuple.source_port,
        tuple.destination_port, policy::OwnerDepth::Held}});
    looks_.set(flow.id, at_.now + kLookAgain);
}

void Core::handle_leaving_time()
{
    while (auto const id = looks_.take_due(at_.now))
        if (auto* flow = find(id))
            look_for_client(*flow);
}

// True: the flow is over. Of a carrier's streams the session tells: it is always read.
bool Core::notice_leaving(Flow& flow)
{
    if (flow.question == 0)
        return false;
    bool const is_tls_over =
        flow.agent_tls != nullptr && flow.agent_tls->state() == proxy::TlsState::Closed;
    if (is_tls_over) {
        client_left(flow);
        return true;
    }
    if (parts_.agent.peer_finished(flow.id) && !std::exchange(flow.agent_end_looked_at, true))
        look_for_client(flow);
    return false;
}

void Core::holder_known(Flow& flow, policy::OwnerAnswer const& answer)
{
    if (flow.question == 0)
        return;
    if (!answer.is_held)
        return client_left(flow);
    if (auto const allowed = std::exchange(flow.talk().allowed, {}))
        release(flow, *allowed);
}

// Without init's word it expires.
void Core::allow_if_there(Flow& flow, policy::Answer const& answer)
{
    flow.talk().allowed = answer;
    look_for_client(flow);
    timers_.set(flow.id, at_.now + kOwnerTimeout);
}

void Core::client_left(Flow& flow)
{
    parts_.agent.reset(flow.id);
    end(flow, Ending::Reset);
}

// Takes it back, and says so.
void Core::give_up_question(Flow& flow)
{
    if (flow.question == 0)
        return;
    auto line = decided_line(
        flow.http == nullptr ? "connect" : "request", flow.talk().asked.verdict, "deny");
    line.code = "withdrawn";
    line.reason = "nobody waits for a person's answer any more";
    journal(flow, std::move(line));
    drop_question(flow);
}

} // namespace osh::netproxy::core
