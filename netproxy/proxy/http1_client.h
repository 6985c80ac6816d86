#pragma once
// An UpstreamClient that speaks HTTP/1.1. Writes every head anew and reads answers as strictly as
// requests.

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/http1_body.h"
#include "netproxy/proxy/upstream_client.h"

namespace osh::netproxy::proxy
{

inline constexpr std::size_t kChunkOverhead = 32; // size line, line ends, last chunk

class Http1Client final : public UpstreamClient
{
public:
    Http1Client(Http1Limits const& limits, AnswerSink& sink) : limits_(limits), sink_(sink) {}

    // ---- the request
    void start(Forward const& plan, Request const& request) override;
    void payload(Bytes bytes) override;
    // Trailers are lost where the body was not sent in chunks (RFC 9112 section 7.1.2).
    void end_payload(std::vector<HttpField> const& trailers) override;
    std::size_t payload_room() const override;
    void tunnel(Bytes bytes) override { to_upstream_.append(bytes); }
    void end_tunnel() override {} // as the connection ends
    void send_again();            // the head once more; there was no body
    // A request that was started, and of which nothing was sent: its body so far. Idle after it.
    struct Unsent {
        std::string body;
        std::vector<HttpField> trailers;
        bool is_over = false;
    };
    Unsent take_back();

    // ---- the answer
    std::size_t take(Bytes bytes) override;
    std::size_t room() const override;
    void ended(bool cleanly) override;
    void finish(Outcome outcome) override;

    State state() const override { return state_; }
    bool is_request_over() const override { return is_request_over_; }
    bool has_spoken() const override { return has_spoken_; }
    bool is_reusable() const override
    {
        return state_ == State::Idle && is_reusable_ && to_upstream_.is_empty();
    }
    Bytes to_upstream() const override { return to_upstream_.view(); }
    std::size_t held() const override
    {
        return to_upstream_.held() + sent_head_.capacity() + answer_text_.capacity();
    }
    void consume_to_upstream(std::size_t count) override { to_upstream_.consume(count); }

private:
    std::size_t take_head(Bytes bytes);
    std::size_t take_body(Bytes bytes);
    void head_is_complete();
    void informational(ParsedResponse const& response);
    void switch_protocols(ParsedResponse const& response);
    void final_answer(ParsedResponse const& response);
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
std::string websocket_key_in(Forward const& plan);  // "" if there is none
std::string websocket_accept(std::string_view key); // RFC 6455 section 4.2.2

} // namespace osh::netproxy::proxy
