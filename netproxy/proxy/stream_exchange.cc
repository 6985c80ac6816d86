// The agent's side of a stream: the request in, the question, our own answers.
#include "netproxy/proxy/stream_exchange.h"

#include "policy/base/check.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kContinue = 100;

int status_of(Error const& error)
{
    switch (error.code) {
    case Errc::TooLarge: return 431;
    case Errc::Unsupported: return 501;
    default: return 400;
    }
}

} // namespace

StreamExchange::StreamExchange(StreamEnd agent, HttpScheme scheme) : scheme_(scheme), agent_(agent)
{
}

StreamExchange::~StreamExchange()
{
    let_go_of_upstream();
    if (!agent_.is_attached())
        return;
    agent_.host->let_go(agent_.id);
    agent_.session->reset(agent_.id, Http2Error::Cancel);
}

void StreamExchange::request_received(StreamRequest request, Ends ends)
{
    is_request_over_ = ends == Ends::Yes;
    request_ = std::move(request);
    is_waiting_ = true;
}

// The owner tells the agent.
void StreamExchange::request_refused(Error const& why, RequestHead seen, Ends ends)
{
    is_request_over_ = ends == Ends::Yes;
    request_.head = std::move(seen);
    refusal_ = why.sentence;
    status_ = status_of(why);
    has_untold_fault_ = true;
}

void StreamExchange::request_data(Bytes bytes)
{
    bool const has_reader = !is_answer_over_ && (is_waiting_ || is_forwarded_);
    if (!has_reader) {
        agent_.session->consumed(agent_.id, bytes.size());
        return;
    }
    request_body_.append(bytes);
    request_received_ += bytes.size();
    bool const is_kept = wanted_ ? !is_too_large_ : request_received_ < wanted_start_.value_or(0);
    if (is_waiting_ && is_kept
        && !request_.head
                .wants_websocket) { // its window must not end before what is wanted is there
        credit_kept_body();
        is_too_large_ = wanted_ && request_received_ > *wanted_;
    }
    send_request_body();
}

void StreamExchange::request_trailers(FieldBlock block)
{
    if (request_.head.wants_websocket) { // RFC 9113 section 8.5
        agent_broke("a field block within a WebSocket");
        return cut(Http2Error::Protocol);
    }
    auto fields = read_trailers(std::move(block));
    if (!fields.ok())
        return cut(Http2Error::Protocol);
    request_trailers_ = *std::move(fields);
}

void StreamExchange::request_ended()
{
    is_request_over_ = true;
    if (late_answer_)
        return answer(*std::exchange(late_answer_, std::nullopt));
    send_request_body();
}

void StreamExchange::agent_closed()
{
    agent_ = {};
    is_waiting_ = has_untold_fault_ = false;
    bool const has_said_goodbye = is_answer_over_ || is_agent_done();
    was_cut_ = was_cut_ || (is_tunnel_ && !has_said_goodbye && !socket_->has_agent_closed());
    let_go_of_upstream();
}

void StreamExchange::agent_broke(std::string_view why)
{
    if (refusal_.empty())
        refusal_ = why;
}

RequestHead const* StreamExchange::waiting() const
{
    return is_waiting_ ? &request_.head : nullptr;
}

void StreamExchange::want_body(std::size_t limit)
{
    OSH_CHECK(is_waiting_);
    if (wanted_)
        return;
    wanted_ = limit;
    if (request_.head.wants_websocket)
        return;
    is_too_large_ = request_.head.content_length.value_or(0) > limit || request_received_ > limit;
    if (is_too_large_)
        return;
    credit_kept_body();
    if (request_.expects_continue && !is_request_over_ && !wanted_start_)
        agent_.session->informational(agent_.id, response_block(kContinue, {}, std::nullopt));
}

void StreamExchange::credit_kept_body()
{
    auto const held = request_body_.size() - already_credited_;
    agent_.session->consumed(agent_.id, held);
    already_credited_ += held;
}

void StreamExchange::want_start(std::size_t limit)
{
    OSH_CHECK(is_waiting_);
    if (wanted_ || wanted_start_)
        return;
    wanted_start_ = limit;
    if (request_received_ < limit)
        credit_kept_body();
    if (request_.expects_continue && !is_request_over_)
        agent_.session->informational(agent_.id, response_block(kContinue, {}, std::nullopt));
}

BodyStart StreamExchange::body_start() const
{
    return {text_of(request_body_.view()), is_request_over_,
        request_received_ >= wanted_start_.value_or(0)};
}

std::optional<std::string_view> StreamExchange::body() const
{
    if (wanted_ && request_.head.wants_websocket)
        return ""; // a handshake has none, what follows are messages
    if (!wanted_ || is_too_large_ || !is_request_over_)
        return std::nullopt;
    return text_of(request_body_.view());
}

void StreamExchange::answer(LocalAnswer const& reply)
{
    is_waiting_ = has_untold_fault_ = false;
    is_forwarded_ = false;
    let_go_of_upstream();
    drop_request_body();
    if (!agent_.is_attached())
        return;
    status_ = reply.status;
    bool const will_come = !request_.expects_continue || wanted_ || wanted_start_;
    if (reply.after_body && !is_request_over_ && will_come) {
        late_answer_ = reply;
        return;
    }
    has_answer_begun_ = true;
    is_answer_over_ = true;
    answer_body_.clear();
    bool const has_body = !reply.body.empty() && request_.head.method != "HEAD";
    if (has_body)
        answer_body_.append(reply.body);
    agent_.session->answer(agent_.id, local_answer_block(reply), has_body ? Ends::No : Ends::Yes);
}

void StreamExchange::cut(Http2Error why)
{
    was_cut_ = true;
    is_waiting_ = has_untold_fault_ = false;
    is_forwarded_ = false;
    is_answer_over_ = true;
    answer_body_.clear();
    let_go_of_upstream();
    drop_request_body();
    if (agent_.is_attached())
        agent_.session->reset(agent_.id, why);
}

// Bytes that nobody will read: their window goes back, so that the agent can end its request.
void StreamExchange::drop_request_body()
{
    took_request(request_body_.size());
    request_body_.clear();
}

void StreamExchange::took_request(std::size_t count)
{
    auto const credited = std::min(count, already_credited_);
    already_credited_ -= credited;
    if (agent_.is_attached() && count > credited)
        agent_.session->consumed(agent_.id, count - credited);
}

Http2Events::Produced StreamExchange::produce_answer(MutableBytes into)
{
    using More = Http2Events::More;
    auto const part = answer_body_.view().first(std::min(into.size(), answer_body_.size()));
    std::copy(part.begin(), part.end(), into.begin());
    answer_body_.consume(part.size());
    auto const owed = std::min<std::uint64_t>(part.size(), uncredited_);
    uncredited_ -= owed;
    if (upstream_.is_attached() && owed > 0)
        upstream_.session->consumed(upstream_.id, owed);
    if (!answer_body_.is_empty())
        return {part.size(), More::Yes};
    if (!is_answer_over_)
        return {part.size(), More::Later};
    if (resets_at_end_) {
        cut(reset_code_);
        return {part.size(), More::Later};
    }
    if (!has_trailers_)
        return {part.size(), More::End};
    agent_.session->trailers(agent_.id, answer_trailers_);
    return {part.size(), More::Trailers};
}

} // namespace osh::netproxy::proxy
