// The upstream's side of a stream: the judged request out, over HTTP/1.1 or HTTP/2, and the answer
// in. A fault before the answer began is told to the owner, who knows in which form the agent reads
// it; later the stream is reset.
#include "netproxy/proxy/stream_exchange.h"
#include "netproxy/proxy/trailers.h"

#include "policy/base/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kContinue = 100;

} // namespace

void StreamExchange::forward(Forward plan)
{
    OSH_CHECK(is_waiting_);
    if (!is_safe(plan))
        return answer(json_error(502, "unsafe_request",
            "the request was not sent: a part that osh put into it holds a blank or a control "
            "byte"));
    is_waiting_ = false;
    is_forwarded_ = true;
    plan_ = std::move(plan);
    plan_.is_websocket = request_.head.wants_websocket;
    TunnelEnds& ends = *this;
    socket_ = plan_.is_websocket ? std::make_unique<WebSocketTunnel>(plan_, ends) : nullptr;
    if (plan_.body && wanted_ && is_request_over_)
        replace_body(*std::exchange(plan_.body, {}));
    cleaner_ = AnswerCleaner(Scrubber(plan_.scrub));
}

// Another body than the one that came whole, which its windows have been given back for.
void StreamExchange::replace_body(std::string body)
{
    drop_request_body();
    request_body_.append(body);
    request_received_ = body.size();
    already_credited_ = body.size();
    request_.head.content_length.reset(); // that of the body that came
}

std::optional<std::uint64_t> StreamExchange::request_length() const
{
    if (is_request_over_ && request_trailers_.empty() && !is_body_begun_
        && request_body_.size() == request_received_ && request_.head.has_body)
        return request_received_; // it is all here
    return request_.head.content_length;
}

void StreamExchange::start_http1()
{
    OSH_CHECK(needs_start());
    via_ = Via::Http1;
    auto length = request_length();
    bool const has_trailers =
        !(is_request_over_ ? request_trailers_.empty() : request_.head.announced_trailers.empty());
    if (has_trailers)
        length.reset(); // they need chunks
    Http1Client::Request out{request_.head.method, {BodyKind::None, 0}, length.has_value(),
        wanted_ || wanted_start_ || !request_.expects_continue, request_.head.takes_trailers,
        request_.head.announced_trailers};
    if (request_.head.has_body && (!length || *length > 0))
        out.framing = length ? Framing{BodyKind::Length, *length} : Framing{BodyKind::Chunked, 0};
    client_.start(plan_, out);
    send_request_body();
}

Result<> StreamExchange::start_http2(Http2Session& upstream, StreamHost& host)
{
    OSH_CHECK(needs_start());
    if (socket_ && upstream.takes_sockets() != TakesSockets::Yes)
        return fail(Errc::Unsupported, std::string(kTakesNoSockets));
    OutgoingRequest out;
    out.method = request_.head.method;
    out.scheme = scheme_;
    out.content_length = request_length();
    out.takes_trailers = request_.head.takes_trailers;
    out.announced_trailers = request_.head.announced_trailers;
    out.was_continued = wanted_ || wanted_start_ || !request_.expects_continue;
    bool const has_body = socket_ || has_body_left() || !request_trailers_.empty();
    auto const id = upstream.request(request_block(plan_, out), has_body ? Ends::No : Ends::Yes);
    if (id == 0)
        return fail(Errc::Busy, "the upstream takes no more streams");
    via_ = Via::Http2;
    was_refused_ = false;
    upstream_ = {&upstream, &host, id};
    return {};
}

// Whatever arrived goes on, as far as the upstream has room.
void StreamExchange::send_request_body()
{
    if (request_.head.wants_websocket)
        return move_tunnel();
    if (via_ == Via::Http2 && upstream_.is_attached())
        return upstream_.session->resume(upstream_.id);
    if (via_ != Via::Http1 || client_.state() == Http1Client::State::Idle)
        return;
    while (!request_body_.is_empty() && client_.payload_room() > 0) {
        auto const size = std::min(request_body_.size(), client_.payload_room());
        client_.payload(request_body_.view().first(size));
        is_body_begun_ = true;
        request_body_.consume(size);
        took_request(size);
    }
    if (is_request_over_ && request_body_.is_empty() && request_.head.has_body
        && !client_.is_request_over())
        client_.end_payload(passable_trailers(request_trailers_, plan_.fields));
}

void StreamExchange::consume_to_upstream(std::size_t count)
{
    client_.consume_to_upstream(count);
    send_request_body();
}

Http2Events::Produced StreamExchange::produce_request(MutableBytes into)
{
    using More = Http2Events::More;
    if (socket_)
        return produce_tunnel(into);
    auto const part = request_body_.view().first(std::min(into.size(), request_body_.size()));
    std::copy(part.begin(), part.end(), into.begin());
    is_body_begun_ = is_body_begun_ || !part.empty();
    auto const count = part.size();
    request_body_.consume(count);
    took_request(count);
    shared_up_ += count;
    if (!request_body_.is_empty())
        return {count, More::Yes};
    if (!is_request_over_)
        return {count, More::Later};
    auto const trailers = passable_trailers(request_trailers_, plan_.fields);
    if (trailers.empty())
        return {count, More::End};
    upstream_.session->trailers(upstream_.id, trailers);
    return {count, More::Trailers};
}

bool StreamExchange::needs_upstream() const
{
    if (is_tunnel_)
        return !is_answer_over_;
    return is_forwarded_ && (!is_answer_over_ || client_.state() != Http1Client::State::Idle);
}

bool StreamExchange::may_send_again() const
{
    bool const is_idempotent = request_.head.method == "GET" || request_.head.method == "HEAD"
                               || request_.head.method == "OPTIONS";
    bool const is_whole = !is_body_begun_ && !has_upstream_spoken_ && !client_.has_spoken();
    return is_forwarded_ && !has_answer_begun_ && !is_answer_over_ && is_whole && !was_sent_again_
           && (was_refused_ || (is_idempotent && !request_.head.has_body));
}

void StreamExchange::send_again()
{
    OSH_CHECK(may_send_again());
    was_sent_again_ = true;
    let_go_of_upstream();
    client_.finish(Http1Client::Outcome::GivenUp);
    via_ = Via::Nothing;
    is_forwarded_ = true;
}

void StreamExchange::let_go_of_upstream()
{
    if (upstream_.is_attached()) {
        auto const end = std::exchange(upstream_, {});
        end.host->let_go(end.id);
        end.session->reset(end.id, Http2Error::Cancel);
    }
    if (via_ == Via::Http1 && client_.state() != Http1Client::State::Idle)
        client_.finish(Http1Client::Outcome::GivenUp);
}

void StreamExchange::fail_with(LocalAnswer const& reply)
{
    if (has_answer_begun_)
        return cut(Http2Error::Internal);
    answer(reply);
}

std::size_t StreamExchange::upstream_bytes(Bytes bytes)
{
    return client_.take(bytes);
}

void StreamExchange::upstream_ended(bool cleanly)
{
    client_.ended(cleanly);
    move_tunnel();
}

// ---- AnswerSink

std::size_t StreamExchange::answer_room() const
{
    auto const room = answer_body_.room(limits_.buffered);
    return is_tunnel_ ? room : cleaner_.room(room);
}

std::vector<HttpField> StreamExchange::scrubbed(std::vector<HttpField> fields) const
{
    if (cleaner_.is_active()) {
        std::erase_if(fields, [&](auto const& field) { return cleaner_.is_in_name(field.name); });
        for (auto& field : fields)
            field.value = cleaner_.replaced(field.value);
    }
    return fields;
}

void StreamExchange::informational(ParsedResponse const& response)
{
    bool const was_answered =
        response.status == kContinue && (wanted_ || wanted_start_ || !request_.expects_continue);
    if (agent_.is_attached() && !was_answered)
        agent_.session->informational(
            agent_.id, response_block(response.status, scrubbed(response.fields), std::nullopt));
}

Result<> StreamExchange::answer_head(ParsedResponse const& as_sent, Framing framing)
{
    auto response = as_sent;
    if (socket_ && response.status < 300) // a client would take it for an open socket
        return fail(Errc::Unsupported,
            fmt::format("it answered the WebSocket handshake with {}", response.status));
    TRY(cleaner_.begin(response, framing.kind));
    has_answer_begun_ = true;
    status_ = response.status;
    if (!agent_.is_attached())
        return {};
    std::optional<std::uint64_t> length;
    if (response.content_length && response.status != 204 && cleaner_.keeps_length())
        length = response.content_length;
    auto fields = std::move(response.fields);
    if (!response.announced_trailers.empty())
        fields.push_back({"Trailer", response.announced_trailers});
    agent_.session->answer(agent_.id,
        response_block(response.status, scrubbed(std::move(fields)), length),
        framing.kind == BodyKind::None ? Ends::Yes : Ends::No);
    return {};
}

void StreamExchange::answer_payload(Bytes payload)
{
    if (!agent_.is_attached() || is_answer_over_)
        return;
    if (is_tunnel_) {
        socket_->answer(payload);
        move_tunnel(); // a Close of ours may have gone out
    } else if (!cleaner_.is_active()) {
        answer_body_.append(payload);
    } else {
        std::string clean;
        if (auto const fed = cleaner_.feed(text_of(payload), clean); !fed.ok())
            return answer_broken(fed.error().sentence);
        answer_body_.append(clean);
    }
    agent_.session->resume(agent_.id);
}

void StreamExchange::set_answer_trailers(std::vector<HttpField> trailers)
{
    answer_trailers_ = scrubbed(passable_trailers(std::move(trailers), {}));
    has_trailers_ = !answer_trailers_.empty();
}

void StreamExchange::answer_over(std::vector<HttpField> trailers)
{
    if (!trailers.empty())
        set_answer_trailers(std::move(trailers));
    std::string rest;
    if (auto const ended = cleaner_.finish(rest); !ended.ok())
        return answer_broken(ended.error().sentence);
    answer_body_.append(rest);
    is_answer_over_ = true;
    if (via_ == Via::Http1)
        client_.finish(Http1Client::Outcome::Complete);
    drop_request_body();
    if (agent_.is_attached())
        agent_.session->resume(agent_.id);
}

void StreamExchange::answer_broken(std::string why)
{
    upstream_fault_ = std::move(why);
    if (has_answer_begun_)
        return cut(Http2Error::Internal);
    is_forwarded_ = false;
    let_go_of_upstream();
    has_untold_fault_ = agent_.is_attached();
}

// ---- an upstream stream

void StreamExchange::answer_block(FieldBlock block, Ends ends)
{
    has_upstream_spoken_ = true;
    shared_down_ += block.size;
    if (is_tunnel_ && !is_answer_over_)
        return answer_broken("a field block within a WebSocket");
    if (has_answer_begun_) {
        auto fields = read_trailers(std::move(block));
        if (!fields.ok() || ends == Ends::No)
            return answer_broken("its trailers are malformed");
        set_answer_trailers(*std::move(fields));
        return;
    }
    auto response = read_response_block(std::move(block), ends);
    if (!response.ok())
        return answer_broken(response.error().sentence);
    if (response->status >= 200)
        return final_answer(*response, ends);
    if (ends == Ends::Yes || ++informational_ > limits_.informational)
        return answer_broken("a 1xx answer that ends, or too many of them");
    informational(*response);
}

void StreamExchange::final_answer(ParsedResponse const& response, Ends ends)
{
    if (socket_ && response.status < 300)
        return switched(response);
    auto const kind = ends == Ends::Yes ? BodyKind::None : BodyKind::Chunked;
    if (auto const taken = answer_head(response, {kind, 0}); !taken.ok())
        answer_broken(taken.error().sentence);
}

void StreamExchange::answer_data(Bytes bytes)
{
    uncredited_ += bytes.size();
    shared_down_ += bytes.size();
    auto const before = answer_body_.size();
    answer_payload(bytes);
    // What the scrubber holds back, or changed the length of, is credited at once.
    auto const grown = answer_body_.size() - std::min(before, answer_body_.size());
    auto const now = bytes.size() - std::min(bytes.size(), grown);
    uncredited_ -= std::min<std::uint64_t>(now, uncredited_);
    if (upstream_.is_attached() && now > 0)
        upstream_.session->consumed(upstream_.id, now);
}

void StreamExchange::answer_ended()
{
    if (!has_answer_begun_ || is_answer_over_)
        return;
    is_tunnel_ ? tunnel_over(true) : answer_over({});
    move_tunnel();
}

void StreamExchange::upstream_closed(Http2Error why)
{
    upstream_ = {};
    if (is_answer_over_ || !is_forwarded_)
        return;
    upstream_error_ = why;
    was_refused_ = why == Http2Error::RefusedStream || why == Http2Error::Http11Required;
    if (may_send_again())
        return; // the owner looks
    auto const code = why == Http2Error::NoError ? Http2Error::Internal : why;
    if (is_tunnel_ && !answer_body_.is_empty()) { // which is delivered first
        reset_code_ = code;
        resets_at_end_ = is_answer_over_ = true;
        return move_tunnel();
    }
    if (has_answer_begun_)
        return cut(code);
    if (!upstream_fault_.empty())
        return answer_broken(std::move(upstream_fault_));
    answer_broken(fmt::format("it reset the stream (error {})", static_cast<std::uint32_t>(why)));
}

} // namespace osh::netproxy::proxy
