// One stream at a time. What arrives is offered to the session only as far as the answer has room,
// so that the connection is not read ahead of a slow agent.
#include "netproxy/proxy/http2_client.h"

#include "netproxy/proxy/http1_client.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kSlice = 4096; // of ciphertext's plaintext, between two looks at the room
constexpr int kSwitchingProtocols = 101;
constexpr std::string_view kAcceptField = "Sec-WebSocket-Accept";

} // namespace

Http2Client::Http2Client(Http1Limits const& limits, AnswerSink& sink)
    : limits_(limits), sink_(sink), session_(Http2Session::create(Http2Role::Client, {}, *this))
{
}

void Http2Client::start(Forward const& plan, Request const& request)
{
    OutgoingRequest out;
    out.method = method_ = request.method;
    if (request.framing.kind == BodyKind::Length || request.states_length)
        out.content_length = request.framing.length;
    out.takes_trailers = request.takes_trailers;
    out.announced_trailers = request.announced_trailers;
    out.was_continued = request.was_continued;
    is_request_over_ = request.framing.kind == BodyKind::None;
    state_ = State::Head;
    has_spoken_ = false;
    informational_ = 0;
    body_.clear();
    trailers_.clear();
    sent_trailers_.clear();
    fault_.clear();
    handshake_.clear();
    is_reusable_ = is_tunnel_ended_ = false;
    if (plan.is_websocket) {
        handshake_ = request_block(plan, out);
        websocket_key_ = websocket_key_in(plan);
        return ask_for_socket();
    }
    websocket_key_.clear();
    stream_ = session_->request(request_block(plan, out), is_request_over_ ? Ends::Yes : Ends::No);
    if (stream_ == 0)
        refusal_ = "it takes no more requests on this connection";
}

void Http2Client::ask_for_socket()
{
    auto const answer = session_->takes_sockets();
    if (state_ != State::Head || handshake_.empty() || answer == TakesSockets::Unknown)
        return;
    auto const block = std::exchange(handshake_, {});
    if (websocket_key_.empty())
        refusal_ = "the WebSocket handshake has no Sec-WebSocket-Key";
    else if (answer == TakesSockets::No)
        refusal_ = kTakesNoSockets;
    else if (stream_ = session_->request(block, Ends::No); stream_ == 0)
        refusal_ = "it takes no more requests on this connection";
}

void Http2Client::end_tunnel()
{
    is_tunnel_ended_ = true;
    if (stream_ != 0)
        session_->resume(stream_);
}

void Http2Client::payload(Bytes bytes)
{
    body_.append(bytes);
    if (stream_ != 0)
        session_->resume(stream_);
}

void Http2Client::end_payload(std::vector<HttpField> const& trailers)
{
    is_request_over_ = true;
    sent_trailers_ = trailers;
    if (stream_ != 0)
        session_->resume(stream_);
}

Http2Events::Produced Http2Client::produce(StreamId stream, MutableBytes into)
{
    if (stream != stream_)
        return {}; // given up, its reset is on the way
    auto const part = body_.view().first(std::min(into.size(), body_.size()));
    std::copy(part.begin(), part.end(), into.begin());
    auto const count = part.size();
    body_.consume(count);
    if (!body_.is_empty())
        return {count, More::Yes};
    bool const is_over = websocket_key_.empty() ? is_request_over_ : is_tunnel_ended_;
    if (!is_over)
        return {count, More::Later};
    if (sent_trailers_.empty())
        return {count, More::End};
    session_->trailers(stream, sent_trailers_);
    return {count, More::Trailers};
}

std::size_t Http2Client::room() const
{
    bool const is_answering = state_ == State::Body || state_ == State::Tunnel;
    return is_answering ? sink_.answer_room() : limits_.buffered;
}

std::size_t Http2Client::take(Bytes bytes)
{
    if (!refusal_.empty()) {
        broken(std::exchange(refusal_, {}));
        return bytes.size();
    }
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        auto const most = std::min({bytes.size() - taken, room(), kSlice});
        auto const count = session_->receive(bytes.subspan(taken, most));
        if (count == 0)
            break;
        taken += count;
        ask_for_socket();
    }
    if (!refusal_.empty()) {
        broken(std::exchange(refusal_, {}));
        return bytes.size();
    }
    if (state_ != State::Idle && (!session_->fault().empty() || session_->is_over())) {
        auto const& fault = session_->fault();
        broken("its HTTP/2 is malformed" + (fault.empty() ? "" : ": " + fault));
    }
    return taken;
}

void Http2Client::ended(bool)
{
    has_left_ = true;
    session_->terminate(Http2Error::NoError);
    if (state_ == State::Head)
        broken("it closed the connection without an answer");
    else if (state_ == State::Body)
        broken("it closed the connection in the middle of its answer");
    else if (state_ == State::Tunnel)
        tunnel_over(Cleanly::No);
}

void Http2Client::tunnel_over(Cleanly cleanly)
{
    state_ = State::Idle;
    sink_.tunnel_over(cleanly == Cleanly::Yes);
}

bool Http2Client::is_reusable() const
{
    return state_ == State::Idle && is_reusable_ && !has_left_ && session_->may_request()
           && to_upstream().empty();
}

void Http2Client::finish(Outcome outcome)
{
    // Of a refused handshake our half of the stream is open still: it is reset.
    is_reusable_ = outcome == Outcome::Complete && is_request_over_ && body_.is_empty()
                   && websocket_key_.empty();
    state_ = State::Idle;
    refusal_.clear();
    handshake_.clear();
    body_.clear();
    auto const stream = std::exchange(stream_, 0);
    if (stream != 0 && !is_reusable_)
        session_->reset(stream, Http2Error::Cancel);
}

void Http2Client::broken(std::string why)
{
    finish(Outcome::GivenUp);
    sink_.answer_broken(std::move(why));
}

// ---- Http2Events

void Http2Client::block_received(StreamId stream, FieldBlock block, Ends ends)
{
    if (stream != stream_ || state_ == State::Idle)
        return;
    has_spoken_ = true;
    if (state_ == State::Head)
        return answer_block(std::move(block), ends);
    if (state_ == State::Tunnel)
        return broken("a field block within a WebSocket");
    auto fields = read_trailers(std::move(block));
    if (!fields.ok() || ends == Ends::No)
        return broken("its trailers are malformed");
    trailers_ = *std::move(fields);
}

void Http2Client::answer_block(FieldBlock block, Ends ends)
{
    auto const response = read_response_block(std::move(block), ends);
    if (!response.ok())
        return broken(response.error().sentence);
    if (response->status >= 200)
        return final_answer(*response);
    if (ends == Ends::Yes || ++informational_ > limits_.informational)
        return broken("a 1xx answer that ends, or too many of them");
    sink_.informational(*response);
}

void Http2Client::final_answer(ParsedResponse const& response)
{
    if (!websocket_key_.empty() && response.status < 300)
        return switch_protocols(response);
    auto framing = response.framing;
    if (has_no_body(response.status, method_))
        framing = {BodyKind::None, 0};
    else if (framing.kind == BodyKind::Length && !response.announced_trailers.empty())
        framing = {BodyKind::Chunked, 0}; // a length leaves no place for them
    if (auto const taken = sink_.answer_head(response, framing); !taken)
        return broken(taken.error().sentence);
    state_ = State::Body;
    if (framing.kind == BodyKind::None)
        sink_.answer_over({});
}

// As the 101 that a client of HTTP/1.1 waits for.
void Http2Client::switch_protocols(ParsedResponse response)
{
    response.status = kSwitchingProtocols;
    response.reason = "Switching Protocols";
    std::erase_if(response.fields,
        [](auto const& field) { return equals_ignoring_case(field.name, kAcceptField); });
    response.fields.push_back({std::string(kAcceptField), websocket_accept(websocket_key_)});
    state_ = State::Tunnel;
    sink_.switched(response);
}

void Http2Client::data_received(StreamId stream, Bytes bytes)
{
    session_->consumed(stream, bytes.size()); // take() offers no more than there is room for
    if (stream != stream_ || state_ == State::Idle)
        return;
    if (state_ == State::Head)
        return broken("a body without a head");
    sink_.answer_payload(bytes);
}

void Http2Client::end_received(StreamId stream)
{
    if (stream != stream_)
        return;
    if (state_ == State::Body)
        sink_.answer_over(std::exchange(trailers_, {}));
    else if (state_ == State::Tunnel)
        tunnel_over(Cleanly::Yes);
}

void Http2Client::stream_broken(StreamId stream, std::string_view why)
{
    if (stream == stream_)
        fault_ = why;
}

void Http2Client::stream_closed(StreamId stream, Http2Error why)
{
    if (stream != stream_)
        return;
    stream_ = 0;
    if (state_ != State::Idle)
        broken(fault_.empty()
                   ? fmt::format("it reset the stream (error {})", static_cast<std::uint32_t>(why))
                   : fault_);
}

} // namespace osh::netproxy::proxy
