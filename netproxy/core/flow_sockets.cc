// The way of a WebSocket of an HTTP/2 agent to a server that may speak HTTP/2 too. As browsers have
// it: over a shared connection that takes them (RFC 8441), else over HTTP/1.1. Only to a server
// that showed that it knows no HTTP/1.1 a shared connection is made for it, and what the server's
// SETTINGS say is waited for.

#include "netproxy/core/core.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{

using proxy::TakesSockets;

bool Core::is_for_socket(Flow const& flow)
{
    return flow.request() != nullptr && flow.request()->protocol == "websocket";
}

// The agent has ended its direction of a WebSocket (RFC 8441 section 5: a half-close) on a
// connection of its own, and all of it is out.
bool Core::has_finished_socket(Flow const& flow)
{
    auto const& upstream = flow.upstream;
    if (flow.http == nullptr || !flow.http->has_finished_sending())
        return false;
    return upstream.tls == nullptr || (upstream.has_said_goodbye && upstream.tls->output().empty());
}

// The WebSocket has ended, and not all of it is out: a Close of ours, its END_STREAM.
bool Core::has_last_words(Flow const& flow)
{
    auto const& upstream = flow.upstream;
    if (!is_for_socket(flow) || upstream.state != UpstreamState::Open || upstream.has_ended)
        return false;
    bool const has_ciphertext = upstream.tls != nullptr
                                && upstream.tls->state() == proxy::TlsState::Open
                                && !upstream.tls->output().empty();
    return !flow.http->to_upstream().empty() || has_ciphertext;
}

// True: a connection of HTTP/1.1 that has ended waits for them, not for long.
bool Core::says_last_words(Flow& flow)
{
    if (!flow.http->is_finished() || flow.http->was_cut() || !has_last_words(flow))
        return false;
    if (!std::exchange(flow.is_idle, true))
        timers_.set(flow.id, at_.now + kLinger);
    attend(flow);
    return true;
}

// True: it has found a way, or waits, or there is none.
bool Core::route_socket(Flow& flow)
{
    if (join_link(flow))
        return true;
    if (!links_.is_http2(flow.host, flow.tuple.destination_port, at_.now))
        return false;
    auto const key = link_key(flow);
    auto const links = links_.open_links(key);
    auto const found = std::ranges::find_if(
        links, [](Link const* link) { return link->http2.takes_sockets() != TakesSockets::Yes; });
    if (found == links.end() || links_.is_pending(key))
        return false;
    if ((*found)->http2.takes_sockets() == TakesSockets::Unknown)
        wait_for_settings(**found, flow);
    else
        upstream_failed(flow, DialFailure::Other, std::string(proxy::kTakesNoSockets));
    return true;
}

// Nobody else makes a connection of this key meanwhile.
void Core::wait_for_settings(Link& link, Flow& flow)
{
    if (!links_.is_pending(link.key))
        links_.begin(link.key);
    link.do_sockets_wait = true;
    links_.wait(link.key, flow.id);
    flow.link_role = LinkRole::Waits;
    timers_.set(flow.id, at_.now + kConnectTimeout);
    pump_link(link); // our own SETTINGS go out
}

// Or the connection is over before they came.
void Core::settings_arrived(Link& link)
{
    bool const is_answered = link.http2.takes_sockets() != TakesSockets::Unknown;
    if (!link.do_sockets_wait || (!link.is_over && !is_answered))
        return;
    if (link.is_over)
        return refuse_waiting(link, link.upstream.has_ended
                                        ? "it closed the connection"
                                        : "it takes no requests on this connection");
    link.do_sockets_wait = false;
    for (auto const id : links_.finish(link.key))
        if (auto* const flow = waiting_flow(id))
            route_stream(*flow);
}

void Core::refuse_waiting(Link& link, std::string const& why)
{
    if (!std::exchange(link.do_sockets_wait, false))
        return;
    for (auto const id : links_.finish(link.key))
        if (auto* const flow = waiting_flow(id))
            upstream_failed(*flow, DialFailure::Other, why);
}

} // namespace osh::netproxy::core
