// After a 101: a connection of HTTP/1.1 that carries a WebSocket (websocket_tunnel.h). The agent's
// end of it, or a Close of ours, ends the connection.
#include "netproxy/proxy/http1_machine.h"

#include "policy/base/check.h"

#include <utility>

namespace osh::netproxy::proxy
{

void HttpExchange::pass_message(std::optional<std::string>)
{
    OSH_CHECK(message() != nullptr);
}

bool HttpExchange::close_tunnel(CloseCode, std::string_view)
{
    return false;
}

TunnelMessage const* Http1Connection::message() const
{
    bool const is_open = impl_->agent == Impl::AgentState::Tunnel; // else nobody may pass it on
    return is_open ? impl_->socket->message() : nullptr;
}

void Http1Connection::pass_message(std::optional<std::string> instead)
{
    OSH_CHECK(message() != nullptr);
    impl_->socket->pass(std::move(instead));
}

bool Http1Connection::close_tunnel(CloseCode code, std::string_view reason)
{
    if (impl_->agent != Impl::AgentState::Tunnel || !impl_->socket->reads_messages())
        return false;
    impl_->socket->close(code, reason);
    return true;
}

Closing Http1Connection::closing() const
{
    return impl_->agent == Impl::AgentState::Tunnel ? impl_->socket->closing() : Closing::No;
}

void Http1Connection::Impl::switched(ParsedResponse const& response)
{
    auto const handshake = socket->agreed(response);
    if (!handshake.ok())
        return answer_broken(handshake.error().sentence);
    status = response.status;
    has_answer_begun = true;
    write_answer_head(*handshake);
    agent = AgentState::Tunnel;
}

void Http1Connection::Impl::tunnel_to_upstream(Bytes bytes)
{
    client().tunnel(bytes);
}

void Http1Connection::Impl::tunnel_to_agent(Bytes bytes)
{
    to_agent.append(bytes);
}

void Http1Connection::Impl::tunnel_closed()
{
    upstream_fault = socket->upstream_fault();
    finish();
}

void Http1Connection::Impl::tunnel_over(bool cleanly)
{
    if (is_finished)
        return; // by a Close of ours, which the agent is to read
    was_cut = !cleanly && !socket->has_agent_closed(); // who has said Close may hang up
    finish();
}

} // namespace osh::netproxy::proxy
