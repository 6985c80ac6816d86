// Answers in: 1xx, the final head, the body. A fault ends the exchange; whether the agent gets a
// 502 or a cut connection is the owner's affair.
#include "netproxy/proxy/http1_client.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::netproxy::proxy
{

namespace
{

constexpr int kSwitchingProtocols = 101;

// RFC 9112 section 6.3: these never have a body, whatever their fields say.
bool has_no_body(int status, std::string_view method)
{
    return method == "HEAD" || status == 204 || status == 304;
}

} // namespace

std::size_t Http1Client::room() const
{
    switch (state_) {
    case State::Idle: return limits_.buffered; // taken and forgotten
    case State::Head: return limits_.head;
    case State::Body:
    case State::Tunnel: return sink_.answer_room();
    }
    return 0;
}

std::size_t Http1Client::take(Bytes bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        auto const rest = bytes.subspan(taken);
        std::size_t count = 0;
        switch (state_) {
        case State::Idle:
            // Bytes that no request asked for: the next answer could not be told from them.
            is_reusable_ = false;
            count = rest.size();
            break;
        case State::Head: count = take_head(rest); break;
        case State::Body: count = take_body(rest); break;
        case State::Tunnel:
            count = std::min(rest.size(), room());
            sink_.answer_payload(rest.first(count));
            break;
        }
        if (count == 0)
            break;
        taken += count;
    }
    return taken;
}

std::size_t Http1Client::take_head(Bytes bytes)
{
    has_spoken_ = true;
    auto const old = answer_text_.size();
    auto const room = limits_.head - std::min(limits_.head, old);
    answer_text_.append(text_of(bytes.first(std::min(bytes.size(), room))));
    auto const end = end_of_head(answer_text_, old);
    if (end == std::string_view::npos) {
        auto const taken = answer_text_.size() - old;
        if (answer_text_.size() >= limits_.head)
            broken("the head of its answer is too long");
        return taken;
    }
    answer_text_.resize(end);
    head_is_complete();
    return end - old;
}

void Http1Client::head_is_complete()
{
    auto const parsed = parse_response(answer_text_, limits_);
    answer_text_.clear();
    if (!parsed)
        return broken(parsed.error().sentence);
    if (parsed->status == kSwitchingProtocols)
        switch_protocols(*parsed);
    else if (parsed->status < 200)
        informational(*parsed);
    else
        final_answer(*parsed);
}

void Http1Client::informational(ParsedResponse const& response)
{
    if (++informational_ > limits_.informational)
        return broken("too many 1xx answers");
    if (response.framing.kind == BodyKind::Chunked || response.framing.kind == BodyKind::Length)
        return broken("a 1xx answer that announces a body");
    sink_.informational(response);
}

void Http1Client::switch_protocols(ParsedResponse const& response)
{
    bool const is_asked = is_websocket_ && is_request_over_ && !websocket_key_.empty();
    if (!is_asked || !response.upgrades_to_websocket)
        return broken("it switched protocols without being asked");
    if (response.websocket_accept.empty()
        || response.websocket_accept != websocket_accept(websocket_key_))
        return broken("its Sec-WebSocket-Accept does not match the key");
    state_ = State::Tunnel;
    sink_.switched(response);
}

void Http1Client::final_answer(ParsedResponse const& response)
{
    constexpr int kProxyAuthentication = 407; // the person's secret is no matter of the agent
    if (is_to_proxy_ && response.status == kProxyAuthentication)
        return broken("the proxy answers 407: it wants another user or password");
    auto framing = response.framing;
    if (has_no_body(response.status, method_))
        framing = {BodyKind::None, 0};
    keeps_alive_ = response.keeps_alive && framing.kind != BodyKind::UntilClose;
    if (auto const taken = sink_.answer_head(response, framing); !taken)
        return broken(taken.error().sentence);
    body_.start(framing);
    state_ = State::Body;
    if (body_.is_done())
        sink_.answer_over({});
}

std::size_t Http1Client::take_body(Bytes bytes)
{
    auto const piece = body_.next(bytes.first(std::min(bytes.size(), room())));
    if (!piece.payload.empty())
        sink_.answer_payload(piece.payload);
    if (state_ != State::Body)
        return piece.consumed; // the sink could not make sense of it
    if (body_.is_broken())
        broken(std::string(body_.fault()));
    else if (body_.is_done())
        sink_.answer_over(body_.take_trailers());
    return piece.consumed;
}

void Http1Client::ended(bool cleanly)
{
    switch (state_) {
    case State::Idle: is_reusable_ = false; break;
    case State::Tunnel:
        state_ = State::Idle;
        sink_.tunnel_over(cleanly);
        break;
    case State::Head: broken("it closed the connection without an answer"); break;
    case State::Body:
        if (cleanly)
            body_.connection_ended();
        if (body_.is_done())
            sink_.answer_over({});
        else
            broken("it closed the connection in the middle of its answer");
        break;
    }
}

void Http1Client::finish(Outcome outcome)
{
    is_reusable_ = outcome == Outcome::Complete && is_request_over_ && keeps_alive_;
    state_ = State::Idle;
    if (outcome == Outcome::GivenUp || !is_request_over_)
        to_upstream_.clear();
}

void Http1Client::broken(std::string why)
{
    state_ = State::Idle;
    is_reusable_ = false;
    to_upstream_.clear();
    sink_.answer_broken(std::move(why));
}

} // namespace osh::netproxy::proxy
