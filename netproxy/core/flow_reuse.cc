// Upstream connections that outlive their flow, and flows that begin on one (upstream_pool.h).
// Every request is judged as ever; what is shared is a transport to the same name and port,
// verified for that name when it was made.

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{
namespace
{

PoolKey key_of(Flow const& flow)
{
    return {flow.host, flow.tuple.destination_port, flow.is_encrypted()};
}

// Some schemes log in the connection, not the request (RFC 4559 section 6, NTLM).
bool may_be_logged_in(int status)
{
    return status == 401 || status == 407;
}

} // namespace

bool Core::keep_upstream(Flow& flow)
{
    auto& upstream = flow.upstream;
    bool const is_idle = flow.http != nullptr && flow.http->upstream_is_reusable()
                         && upstream.state == UpstreamState::Open && !upstream.has_ended
                         && upstream.inbox.is_empty() && upstream.plain.is_empty();
    // Without a checked address (a name that only the proxy can look up) nobody else may use it.
    if (!is_idle || upstream.addresses.empty() || flow.http->response_status() == 0
        || may_be_logged_in(flow.http->response_status()) || flow.talk().logs_connection_in)
        return false;
    if (flow.is_encrypted() != (upstream.tls != nullptr))
        return false;
    if (upstream.tls != nullptr
        && (upstream.tls->state() != proxy::TlsState::Open || !upstream.tls->output().empty()
            || upstream.tls->alpn() == "h2"))
        return false; // an HTTP/2 connection is no good without its session
    auto const id = upstream.id;
    if (!pool_.keep(key_of(flow), std::move(upstream), at_.now))
        return false;
    commands_.push_back(Attend{id});
    return true;
}

// Only for a request that can be sent again on a fresh connection, should this one have died just
// now; and only if every address it could be connected to may be dialled for this request.
bool Core::reuse_upstream(Flow& flow)
{
    auto const& method = flow.request()->method;
    if (method != "GET" && method != "HEAD" && method != "OPTIONS")
        return false;
    if (!flow.http->may_send_again())
        return false;
    auto upstream = pool_.take(key_of(flow));
    if (upstream.id == 0)
        return false;
    policy::Verdict why_not;
    bool const is_other_kind = upstream.asks_proxy != asks_proxy(flow);
    if (is_other_kind
        || checked(flow, upstream.addresses, why_not).size() != upstream.addresses.size()) {
        commands_.push_back(CloseUpstream{upstream.id, Ending::Finish});
        return false;
    }
    by_upstream_.emplace(upstream.id, flow.id);
    flow.upstream = std::move(upstream);
    attend(flow);
    return true;
}

void Core::handle_pool_time()
{
    while (auto const id = pool_.take_due(at_.now)) {
        pool_.forget(id);
        commands_.push_back(CloseUpstream{id, Ending::Finish});
    }
}

} // namespace osh::netproxy::core
