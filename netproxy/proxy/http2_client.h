#pragma once
// An UpstreamClient that speaks HTTP/2 (RFC 9113): for an agent of HTTP/1.1 whose server knows
// nothing else. One exchange at a time on a connection of its own. Not: connections that streams of
// an HTTP/2 agent share (http2_upstream.h).

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/http2_message.h"
#include "netproxy/proxy/upstream_client.h"

namespace osh::netproxy::proxy
{

class Http2Client final : public UpstreamClient, private Http2Events
{
public:
    Http2Client(Http1Limits const& limits, AnswerSink& sink);

    void start(Forward const& plan, Request const& request) override;
    void payload(Bytes bytes) override;
    void end_payload(std::vector<HttpField> const& trailers) override;
    std::size_t payload_room() const override { return body_.room(limits_.buffered); }
    void tunnel(Bytes bytes) override { payload(bytes); }
    void end_tunnel() override;

    std::size_t take(Bytes bytes) override;
    std::size_t room() const override;
    void ended(bool cleanly) override;
    void finish(Outcome outcome) override;

    State state() const override { return state_; }
    bool is_request_over() const override { return is_request_over_; }
    bool has_spoken() const override { return has_spoken_; }
    bool is_reusable() const override;
    Bytes to_upstream() const override { return session_->output(); }
    void consume_to_upstream(std::size_t count) override { session_->consume_output(count); }
    std::size_t held() const override { return sizeof *this + kSessionHolds + body_.held(); }

    void set_time(Instant now) { session_->set_time(now); }
    // The server has said nothing yet: its first frame is one (RFC 9113 section 3.4).
    bool awaits_settings() const { return session_->takes_sockets() == TakesSockets::Unknown; }

private:
    static constexpr std::size_t kSessionHolds = 24 * 1024; // about: tables, frames, windows

    void block_received(StreamId stream, FieldBlock block, Ends ends) override;
    void data_received(StreamId stream, Bytes bytes) override;
    void end_received(StreamId stream) override;
    void stream_broken(StreamId stream, std::string_view why) override;
    void stream_closed(StreamId stream, Http2Error why) override;
    void going_away(StreamId, Http2Error) override { has_left_ = true; }
    Produced produce(StreamId stream, MutableBytes into) override;

    void answer_block(FieldBlock block, Ends ends);
    void final_answer(ParsedResponse const& response);
    void ask_for_socket();
    void switch_protocols(ParsedResponse response);
    enum class Cleanly : bool { No, Yes };
    void tunnel_over(Cleanly cleanly);
    void broken(std::string why);

    Http1Limits limits_;
    AnswerSink& sink_;
    std::unique_ptr<Http2Session> session_;
    StreamId stream_ = 0; // of the exchange; 0: none, or it has closed
    State state_ = State::Idle;
    std::string method_;
    std::string refusal_; // why the request cannot be sent; told by the next take()
    // A WebSocket is asked for once the server's SETTINGS say that it takes one (RFC 8441).
    std::vector<HttpField> handshake_;
    std::string websocket_key_; // "" unless one was asked for
    bool is_tunnel_ended_ = false;
    std::string fault_; // of the stream
    ByteQueue body_;
    std::vector<HttpField> sent_trailers_, trailers_;
    bool is_request_over_ = false;
    bool has_spoken_ = false;
    bool is_reusable_ = false;
    bool has_left_ = false; // the server takes no further stream
    unsigned informational_ = 0;
};

} // namespace osh::netproxy::proxy
