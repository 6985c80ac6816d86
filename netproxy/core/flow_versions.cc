// Which HTTP an upstream is asked for on behalf of an agent that speaks HTTP/1.1: that, as nothing
// has to be translated then; both, once the server showed that it does not know it. What a server
// that has the choice takes then is what the exchange speaks (proxy/http2_client.h).

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{
namespace
{

// A WebSocket is opened over HTTP/1.1 only.
bool is_for_socket(Flow const& flow)
{
    return flow.request() != nullptr && flow.request()->protocol == "websocket";
}

} // namespace

proxy::HttpVersions Core::offered_to_upstream(Flow const& flow) const
{
    bool const is_known = flow.http1 != nullptr && !is_for_socket(flow)
                          && links_.is_http2(flow.host, flow.tuple.destination_port, at_.now);
    return is_known || flow.link_role == LinkRole::Leads ? proxy::HttpVersions::Both
                                                         : proxy::HttpVersions::Only1;
}

// True: the handshake that failed is made once more, with both. Nothing but it was sent.
bool Core::asks_with_http2(Flow& flow)
{
    auto const port = flow.tuple.destination_port;
    if (flow.http1 == nullptr || is_for_socket(flow) || !flow.upstream.tls->shares_no_protocol()
        || links_.is_http2(flow.host, port, at_.now))
        return false;
    links_.note_http2(flow.host, port, at_.now);
    drop_upstream(flow, Ending::Finish);
    open_upstream(flow);
    return true;
}

// Some servers agree on no protocol and close the connection instead of failing the handshake.
void Core::note_silence(Flow const& flow)
{
    auto const* const tls = flow.upstream.tls.get();
    bool const is_silent = flow.http1 != nullptr && tls != nullptr && tls->alpn().empty()
                           && flow.http1->needs_upstream() && flow.http1->is_unanswered();
    if (is_silent)
        links_.note_http2(flow.host, flow.tuple.destination_port, at_.now);
}

} // namespace osh::netproxy::core
