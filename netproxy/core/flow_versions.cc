// Which HTTP an upstream is asked for on behalf of an agent that speaks HTTP/1.1, or of a WebSocket
// of any agent: HTTP/1.1, as nothing has to be translated then; both, once the server showed that
// it does not know it. What a server that has the choice takes then is what the exchange speaks
// (proxy/http2_client.h).

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{

proxy::HttpVersions Core::offered_to_upstream(Flow const& flow) const
{
    bool const is_known =
        flow.http1 != nullptr && links_.is_http2(flow.host, flow.tuple.destination_port, at_.now);
    return is_known || flow.link_role == LinkRole::Leads ? proxy::HttpVersions::Both
                                                         : proxy::HttpVersions::Only1;
}

// True: the handshake that failed is made once more, with both. Nothing but it was sent.
bool Core::asks_with_http2(Flow& flow)
{
    auto const port = flow.tuple.destination_port;
    bool const may_ask =
        flow.http1 != nullptr || (is_for_socket(flow) && flow.http->may_send_again());
    if (!may_ask || !flow.upstream.tls->shares_no_protocol()
        || flow.upstream.offered == proxy::HttpVersions::Both)
        return false;
    links_.note_http2(flow.host, port, at_.now);
    drop_upstream(flow, Ending::Finish);
    if (flow.http1 != nullptr) {
        open_upstream(flow);
        return true;
    }
    flow.http->send_again();
    route_stream(flow);
    return true;
}

// Some servers agree on no protocol and close the connection instead of failing the handshake.
void Core::note_silence(Flow const& flow)
{
    auto const* const tls = flow.upstream.tls.get();
    if (tls == nullptr || !tls->alpn().empty() || flow.http == nullptr)
        return;
    bool const is_unanswered = flow.http1 != nullptr
                                   ? flow.http1->needs_upstream() && flow.http1->is_unanswered()
                                   : is_for_socket(flow) && flow.http->may_send_again();
    if (is_unanswered)
        links_.note_http2(flow.host, flow.tuple.destination_port, at_.now);
}

} // namespace osh::netproxy::core
