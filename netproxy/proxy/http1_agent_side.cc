// Requests in: collects a head, waits for the verdict, then passes the body on. And the answers
// that are our own. Mustn't: look at a second request before the first exchange is over.
#include "netproxy/proxy/head_glimpse.h"
#include "netproxy/proxy/http1_machine.h"
#include "netproxy/proxy/trailers.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::string_view kEmptyLine = "\r\n";

int status_of(Error const& error)
{
    switch (error.code) {
    case Errc::TooLarge: return 431;
    case Errc::Unsupported: return 501;
    default: return 400;
    }
}

} // namespace

LocalAnswer json_error(int status, std::string_view error, std::string_view message)
{
    LocalAnswer reply;
    reply.status = status;
    reply.body =
        fmt::format("{{\"error\":{},\"message\":{}}}\n", json_quoted(error), json_quoted(message));
    return reply;
}

std::size_t Http1Connection::Impl::agent_room() const
{
    switch (agent) {
    case AgentState::Head: return limits.head;
    case AgentState::Waiting: return std::min(keepable(), limits.buffered);
    case AgentState::Body:
    case AgentState::Tunnel: return client().payload_room();
    case AgentState::Done:
    case AgentState::Failed: return 0;
    case AgentState::Drop:
    case AgentState::Closed: return limits.buffered;
    }
    return 0;
}

std::size_t Http1Connection::Impl::take_agent(Bytes bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        auto const rest = bytes.subspan(taken);
        std::size_t count = 0;
        switch (agent) {
        case AgentState::Head: count = take_head(rest); break;
        case AgentState::Waiting: count = keep_body(rest); break;
        case AgentState::Body: count = take_body(rest); break;
        case AgentState::Drop: count = drop_body(rest); break;
        case AgentState::Done:
        case AgentState::Failed: break;
        case AgentState::Tunnel:
            count = socket->take(rest.first(std::min(rest.size(), agent_room())));
            refusal = socket->refusal();
            break;
        case AgentState::Closed: count = rest.size(); break; // drained, never read
        }
        if (count == 0)
            break;
        taken += count;
    }
    return taken;
}

std::size_t Http1Connection::Impl::take_head(Bytes bytes)
{
    auto const old = request_text.size();
    // One empty line before a request is tolerated (RFC 9112 section 2.2).
    std::size_t const limit = limits.head + kEmptyLine.size();
    auto const part = text_of(bytes.first(std::min(bytes.size(), limit - std::min(limit, old))));
    request_text.append(part);
    bool const has_empty_line = request_text.starts_with(kEmptyLine);
    auto const skipped = has_empty_line ? kEmptyLine.size() : 0;
    auto const end =
        end_of_head(std::string_view(request_text).substr(skipped), old - std::min(old, skipped));
    if (end == std::string_view::npos) {
        if (request_text.size() >= limit)
            refuse_head(431, fmt::format("the head is longer than {} bytes", limits.head));
        return part.size();
    }
    auto const total = skipped + end;
    request_text.resize(total);
    request_text.erase(0, skipped);
    if (request_text.size() > limits.head)
        refuse_head(431, fmt::format("the head is longer than {} bytes", limits.head));
    else
        head_is_complete();
    return total - old;
}

void Http1Connection::Impl::head_is_complete()
{
    auto parsed = parse_request(request_text, limits, scheme);
    if (!parsed)
        return refuse_head(status_of(parsed.error()), parsed.error().sentence);
    request_text.clear();
    request = *std::move(parsed);
    request_body.start(request.framing);
    wanted.reset();
    wanted_start.reset();
    kept.clear();
    is_too_large = false;
    status = 0;
    // After an Upgrade attempt, whatever its outcome, nothing more is read as HTTP.
    close_after = request.wants_close || request.has_upgrade;
    agent = AgentState::Waiting;
}

// How much of the body is of use now: one byte beyond the limit says that a whole one is too large.
std::size_t Http1Connection::Impl::keepable() const
{
    if (request_body.is_done())
        return 0;
    if (wanted)
        return is_too_large ? 0 : limits.buffered;
    return wanted_start ? *wanted_start - std::min(*wanted_start, kept.size()) : 0;
}

// The body while the question waits: only when the policy asked for it, and never beyond its limit.
std::size_t Http1Connection::Impl::keep_body(Bytes bytes)
{
    auto const most = keepable();
    if (most == 0)
        return 0;
    auto const piece = request_body.next(bytes.first(std::min(bytes.size(), most)));
    kept.append(text_of(piece.payload));
    if (wanted && kept.size() > *wanted)
        is_too_large = true;
    if (request_body.is_broken())
        refuse(400, std::string(request_body.fault()));
    return piece.consumed;
}

std::size_t Http1Connection::Impl::drop_body(Bytes bytes)
{
    auto const piece = request_body.next(bytes);
    if (request_body.is_broken())
        refuse(400, std::string(request_body.fault()));
    else if (request_body.is_done())
        answer(late_answer);
    return piece.consumed;
}

std::size_t Http1Connection::Impl::take_body(Bytes bytes)
{
    auto const piece = request_body.next(bytes.first(std::min(bytes.size(), agent_room())));
    if (!piece.payload.empty())
        client().payload(piece.payload);
    if (request_body.is_broken()) {
        if (has_answer_begun)
            cut();
        else
            refuse(400, std::string(request_body.fault()));
    } else if (request_body.is_done()) {
        client().end_payload(request_trailers());
        agent = AgentState::Done;
        maybe_end_exchange();
    }
    return piece.consumed;
}

void Http1Connection::Impl::refuse_head(int code, std::string why)
{
    request.head = glimpse_of(std::exchange(request_text, {}));
    refuse(code, std::move(why));
}

// Told to the owner, who knows in which form the agent reads it.
void Http1Connection::Impl::refuse(int code, std::string why)
{
    refusal = std::move(why);
    client().finish(UpstreamClient::Outcome::GivenUp);
    status = code;
    agent = AgentState::Failed;
}

void Http1Connection::Impl::answer(LocalAnswer const& reply)
{
    status = reply.status;
    bool const will_come = !request.expects_continue || wanted || wanted_start;
    bool const is_coming = will_come && !has_agent_ended && !request_body.is_done();
    if (reply.after_body && agent != AgentState::Drop && is_coming) {
        late_answer = reply;
        kept.clear();
        if (client().state() != UpstreamClient::State::Idle)
            client().finish(UpstreamClient::Outcome::GivenUp);
        agent = AgentState::Drop;
        return;
    }
    bool const must_close =
        reply.close || close_after || has_agent_ended || !request_body.is_done();
    auto copy = reply;
    copy.close = must_close;
    write_local(copy);
    if (client().state() != Http1Client::State::Idle)
        client().finish(UpstreamClient::Outcome::GivenUp);
    if (must_close)
        finish();
    else
        next_request();
}

void Http1Connection::Impl::finish()
{
    agent = AgentState::Closed;
    is_finished = true;
    if (client().state() == UpstreamClient::State::Tunnel)
        client().end_tunnel();
    request_text.clear();
    kept.clear();
    sent.reset();
}

void Http1Connection::Impl::cut()
{
    was_cut = true;
    client().finish(UpstreamClient::Outcome::GivenUp);
    finish();
}

void Http1Connection::Impl::next_request()
{
    agent = AgentState::Head;
    request = {};
    kept.clear();
    sent.reset();
    wanted.reset();
    wanted_start.reset();
    if (has_agent_ended)
        finish();
}

void Http1Connection::Impl::maybe_end_exchange()
{
    if (!is_answer_over)
        return;
    bool const is_request_over = agent == AgentState::Done;
    client().finish(UpstreamClient::Outcome::Complete);
    if (!is_request_over || close_after)
        finish();
    else
        next_request();
}

void Http1Connection::Impl::agent_ended()
{
    has_agent_ended = true;
    switch (agent) {
    case AgentState::Head:
    case AgentState::Closed:
    case AgentState::Tunnel: finish(); break;
    case AgentState::Drop:
    case AgentState::Body: cut(); break; // never complete a request that the agent did not
    case AgentState::Waiting:
        if (!request_body.is_done())
            cut();
        break;
    case AgentState::Done:
    case AgentState::Failed: break; // half closed: it still reads the answer
    }
}

void Http1Connection::Impl::forward(Forward plan)
{
    if (!is_safe(plan))
        return answer(json_error(502, "unsafe_request",
            "the request was not sent: a part that osh put into it holds a blank or a control "
            "byte"));
    if (plan.is_websocket && !request.head.wants_websocket)
        plan.is_websocket = false;
    socket = plan.is_websocket ? std::make_unique<WebSocketTunnel>(plan, *this) : nullptr;
    has_answer_begun = false;
    is_answer_over = false;
    agent = request_body.is_done() ? AgentState::Done : AgentState::Body;
    UpstreamClient::Request out{request.head.method, request.framing,
        request.head.content_length.has_value(),
        wanted || wanted_start || !request.expects_continue, request.head.takes_trailers,
        request.head.announced_trailers};
    if (plan.body && wanted && request_body.is_done())
        kept = *std::move(plan.body);
    bool const keeps = wanted || wanted_start;
    bool const ends_plainly = request_body.is_done() && request_body.trailers().empty();
    if (keeps && ends_plainly && request.head.has_body)
        out.framing = {BodyKind::Length, kept.size()}; // its length is known now
    if (std::exchange(is_upstream_gone, false))
        http2.reset();
    cleaner = AnswerCleaner(Scrubber(plan.scrub));
    sent = std::make_unique<Sent>(Sent{std::move(plan), out});
    client().start(sent->plan, out);
    send_kept_body();
}

std::vector<HttpField> Http1Connection::Impl::request_trailers()
{
    return passable_trailers(request_body.take_trailers(), sent->plan.fields);
}

void Http1Connection::Impl::speak_http2()
{
    bool const is_under_way = http1.state() == Http1Client::State::Head && sent != nullptr;
    http2 = std::make_unique<Http2Client>(limits, *this);
    is_upstream_gone = false;
    if (!is_under_way)
        return;
    auto const unsent = http1.take_back();
    http2->start(sent->plan, sent->request);
    if (!unsent.body.empty())
        http2->payload(bytes_of(unsent.body));
    if (unsent.is_over && !http2->is_request_over())
        http2->end_payload(unsent.trailers);
}

void Http1Connection::Impl::send_again()
{
    if (!http2)
        return http1.send_again();
    http2.reset();
    http1.start(sent->plan, sent->request);
}

void Http1Connection::Impl::send_kept_body()
{
    if (!kept.empty())
        client().payload(bytes_of(kept));
    kept.clear();
    if (agent == AgentState::Done)
        client().end_payload(request_trailers());
}

} // namespace osh::netproxy::proxy
