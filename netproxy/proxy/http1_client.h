#pragma once
// The upstream's side of one HTTP/1.1 exchange: a judged request out, its answer in. Writes every
// head anew and reads answers as strictly as requests; a fault is told, never passed on. Whoever
// owns it (Http1Connection, StreamExchange) decides what becomes of the answer.
//
//   Idle -> Head -> Body -> Idle ...       Tunnel after a verified 101

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/http1_body.h"

namespace osh::netproxy::proxy
{

inline constexpr std::size_t kChunkOverhead = 32; // size line, line ends, last chunk

// What becomes of an answer. Called in this order: informational*, then answer_head, payload*,
// over; or switched, payload*; answer_broken at any time ends it.
class AnswerSink
{
public:
    virtual ~AnswerSink() = default;
    virtual std::size_t answer_room() const = 0; // payload that fits now
    virtual void informational(ParsedResponse const& response) = 0;
    virtual void switched(ParsedResponse const& response) = 0;
    // The framing as the request's method and the status leave it. An error: the answer may not be
    // passed on, answer_broken follows.
    virtual Result<> answer_head(ParsedResponse const& response, Framing framing) = 0;
    virtual void answer_payload(Bytes payload) = 0;
    virtual void answer_over(std::vector<HttpField> trailers) = 0;
    virtual void tunnel_over(bool cleanly) = 0;
    virtual void answer_broken(std::string why) = 0;
};

class Http1Client
{
public:
    enum class State { Idle, Head, Body, Tunnel };

    struct Request {
        std::string_view method;
        Framing framing;            // of the body, as we write it
        bool states_length = false; // a length was given, if only 0
        bool was_continued = false; // an Expect was answered already, or is not understood
        bool takes_trailers = false;
        std::string_view announced_trailers; // told where they can follow: after chunks
    };

    Http1Client(Http1Limits const& limits, AnswerSink& sink) : limits_(limits), sink_(sink) {}

    // ---- the request
    void start(Forward const& plan, Request const& request);
    void payload(Bytes bytes);
    // Trailers are lost where the body was not sent in chunks (RFC 9112 section 7.1.2).
    void end_payload(std::vector<HttpField> const& trailers);
    std::size_t payload_room() const;
    void tunnel(Bytes bytes) { to_upstream_.append(bytes); }
    void send_again(); // the head once more; there was no body

    // ---- the answer
    std::size_t take(Bytes bytes);
    std::size_t room() const;
    void ended(bool cleanly);

    // The exchange is over, or given up: what is left to send has no reader.
    enum class Outcome { Complete, GivenUp };
    void finish(Outcome outcome);

    State state() const { return state_; }
    bool is_request_over() const { return is_request_over_; }
    bool has_spoken() const { return has_spoken_; }
    bool is_reusable() const
    {
        return state_ == State::Idle && is_reusable_ && to_upstream_.is_empty();
    }
    Bytes to_upstream() const { return to_upstream_.view(); }
    std::size_t held() const
    {
        return to_upstream_.held() + sent_head_.capacity() + answer_text_.capacity();
    }
    void consume_to_upstream(std::size_t count) { to_upstream_.consume(count); }

private:
    std::size_t take_head(Bytes bytes);
    std::size_t take_body(Bytes bytes);
    void head_is_complete();
    void informational(ParsedResponse const& response);
    void switch_protocols(ParsedResponse const& response);
    void final_answer(ParsedResponse const& response);
    void body_may_be_over();
    void broken(std::string why);
    void write_head(Forward const& plan, Request const& request);
    void append_framing(std::string& head, Request const& request) const;

    Http1Limits limits_;
    AnswerSink& sink_;
    State state_ = State::Idle;
    std::string method_;
    std::string websocket_key_; // "" unless a handshake was asked for
    bool is_websocket_ = false;
    bool is_to_proxy_ = false;
    bool is_request_over_ = false;
    BodyKind request_framing_ = BodyKind::None;
    std::string sent_head_;
    std::string answer_text_; // head so far
    BodyReader body_;
    unsigned informational_ = 0;
    bool has_spoken_ = false;
    bool keeps_alive_ = false;
    bool is_reusable_ = false;
    ByteQueue to_upstream_;
};

void append_field(std::string& out, std::string_view name, std::string_view value);
void append_chunk(ByteQueue& queue, Bytes payload);
void append_last_chunk(ByteQueue& queue, std::vector<HttpField> const& trailers);
// Framing and connection options are ours; a plan that holds them is ignored in these.
bool is_our_field(std::string_view name);
// A secret with a line break in it, or a path with a blank, would make two requests out of one.
bool is_safe(Forward const& plan);
bool has_secrets(Forward const& plan);              // that the answer may echo
std::string websocket_accept(std::string_view key); // RFC 6455 section 4.2.2

} // namespace osh::netproxy::proxy
