// A stream that became a WebSocket (RFC 8441): DATA both ways through the tunnel, and ends as
// section 5 of it has them: END_STREAM is a half-close, a reset a reset. The upstream may be a
// connection of HTTP/1.1 after its 101, or a stream.
#include "netproxy/proxy/stream_exchange.h"

#include "policy/base/check.h"
#include "policy/base/text.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kOpen = 200; // where HTTP/1.1 says 101

} // namespace

void StreamExchange::switched(ParsedResponse const& response)
{
    if (!socket_)
        return answer_broken("it switched protocols without being asked");
    auto handshake = socket_->agreed(response);
    if (!handshake.ok())
        return answer_broken(handshake.error().sentence);
    std::erase_if(handshake->fields, [](auto const& field) {
        return equals_ignoring_case(field.name, "sec-websocket-accept"); // of HTTP/1.1
    });
    is_tunnel_ = true;
    has_answer_begun_ = true;
    status_ = kOpen;
    if (agent_.is_attached())
        agent_.session->answer(agent_.id,
            response_block(kOpen, scrubbed(std::move(handshake->fields)), std::nullopt), Ends::No);
    move_tunnel();
}

std::size_t StreamExchange::tunnel_room() const
{
    return via_ == Via::Http1 ? client_.payload_room() : to_socket_.room(limits_.buffered);
}

// What the agent said goes on, as far as the upstream has room and no message waits. After the
// tunnel's end nobody reads it, and its window goes back: not in tunnel_over(), which take() may
// reach.
void StreamExchange::move_tunnel()
{
    if (!is_tunnel_)
        return;
    while (!is_answer_over_ && !request_body_.is_empty() && tunnel_room() > 0) {
        auto const size = std::min(request_body_.size(), tunnel_room());
        auto const taken = socket_->take(request_body_.view().first(size));
        if (refusal_.empty())
            refusal_ = socket_->refusal();
        request_body_.consume(taken);
        took_request(taken);
        if (taken == 0)
            break;
    }
    if (is_answer_over_)
        drop_request_body();
    if (upstream_.is_attached() && is_agent_done())
        upstream_.session->resume(upstream_.id); // says so
}

// Nothing will follow what was given towards the upstream.
bool StreamExchange::is_agent_done() const
{
    bool const has_ended =
        is_request_over_ && request_body_.is_empty() && socket_ && socket_->message() == nullptr;
    return is_tunnel_ && (has_ended || is_answer_over_);
}

bool StreamExchange::has_finished_sending() const
{
    return via_ == Via::Http1 && !is_answer_over_ && is_agent_done()
           && client_.to_upstream().empty();
}

Http2Events::Produced StreamExchange::produce_tunnel(MutableBytes into)
{
    using More = Http2Events::More;
    auto const part = to_socket_.view().first(std::min(into.size(), to_socket_.size()));
    std::copy(part.begin(), part.end(), into.begin());
    auto const count = part.size();
    to_socket_.consume(count);
    shared_up_ += count;
    move_tunnel();
    if (!to_socket_.is_empty())
        return {count, More::Yes};
    return {count, is_agent_done() ? More::End : More::Later};
}

TunnelMessage const* StreamExchange::message() const
{
    return is_tunnel_ && !is_answer_over_ ? socket_->message() : nullptr;
}

void StreamExchange::pass_message(std::optional<std::string> instead)
{
    OSH_CHECK(message() != nullptr);
    socket_->pass(std::move(instead));
    move_tunnel();
}

bool StreamExchange::close_tunnel(CloseCode code, std::string_view reason)
{
    if (!is_tunnel_ || is_answer_over_ || !socket_->reads_messages())
        return false;
    socket_->close(code, reason);
    move_tunnel();
    return true;
}

Closing StreamExchange::closing() const
{
    return is_tunnel_ && !is_answer_over_ ? socket_->closing() : Closing::No;
}

// ---- TunnelEnds

void StreamExchange::tunnel_to_upstream(Bytes bytes)
{
    if (via_ == Via::Http1)
        return client_.tunnel(bytes);
    to_socket_.append(bytes);
    if (upstream_.is_attached())
        upstream_.session->resume(upstream_.id);
}

void StreamExchange::tunnel_to_agent(Bytes bytes)
{
    answer_body_.append(bytes);
    if (agent_.is_attached())
        agent_.session->resume(agent_.id);
}

void StreamExchange::tunnel_closed()
{
    upstream_fault_ = socket_->upstream_fault();
    tunnel_over(true);
}

// The server's direction has ended, or ours instead of it.
void StreamExchange::tunnel_over(bool cleanly)
{
    if (is_answer_over_)
        return; // what comes after has no reader
    // Who has said Close may hang up as he likes; what he said before is delivered in any case.
    resets_at_end_ = !cleanly && !socket_->has_agent_closed();
    if (resets_at_end_ && answer_body_.is_empty())
        return cut(Http2Error::Cancel);
    is_answer_over_ = true;
    if (upstream_.is_attached())
        upstream_.session->resume(upstream_.id);
    if (agent_.is_attached())
        agent_.session->resume(agent_.id);
}

} // namespace osh::netproxy::proxy
