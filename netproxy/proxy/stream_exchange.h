#pragma once
// One stream of an agent's HTTP/2 connection: the same questions as an HTTP/1 request, and a bridge
// to an upstream that speaks HTTP/1.1 (a connection of its own) or HTTP/2 (a stream of a shared
// one). Both directions run at once; each has a queue that only the other side's progress empties,
// so windows are end to end.
//
//   agent stream -> request queue  -> Http1Client or upstream stream
//   agent stream <- answer queue   <- the same, scrubbed
//
// A stream that became a WebSocket (RFC 8441) uses the same queues, with the tunnel between them
// and the upstream (stream_tunnel.cc).
//
// Not: frames (http2_session.h), which stream belongs to whom (Http2Server, Http2Upstream).

#include "netproxy/proxy/answer_cleaner.h"
#include "netproxy/proxy/http1_client.h"
#include "netproxy/proxy/http2_message.h"
#include "netproxy/proxy/websocket_tunnel.h"

namespace osh::netproxy::proxy
{

// Whoever leads a session and knows which exchange a stream of it belongs to.
class StreamHost
{
public:
    virtual ~StreamHost() = default;
    virtual void let_go(StreamId stream) = 0; // no event of this stream goes to its exchange
};

// A stream's end in a session. The exchange lets go of it, or is told that it has closed.
struct StreamEnd {
    Http2Session* session = nullptr;
    StreamHost* host = nullptr;
    StreamId id = 0;
    bool is_attached() const { return session != nullptr; }
};

class StreamExchange final : public HttpExchange, private AnswerSink, private TunnelEnds
{
public:
    StreamExchange(StreamEnd agent, HttpScheme scheme);
    ~StreamExchange() override;
    StreamExchange(StreamExchange const&) = delete;
    StreamExchange& operator=(StreamExchange const&) = delete;

    // ---- HttpExchange
    RequestHead const* waiting() const override;
    RequestHead const& asked() const override { return request_.head; }
    void want_body(std::size_t limit) override;
    std::optional<std::string_view> body() const override;
    bool body_is_too_large() const override { return is_too_large_; }
    void want_start(std::size_t limit) override;
    BodyStart body_start() const override;
    void forward(Forward plan) override; // then start_http1() or start_http2()
    void answer(LocalAnswer const& reply) override;
    bool may_send_again() const override;
    void send_again() override;
    bool has_untold_fault() const override { return has_untold_fault_; }
    void fail_with(LocalAnswer const& reply) override;
    TunnelMessage const* message() const override;
    void pass_message(std::optional<std::string> instead) override;
    bool close_tunnel(CloseCode code, std::string_view reason) override;
    Closing closing() const override;
    bool has_finished_sending() const override;
    std::size_t upstream_bytes(Bytes bytes) override;
    void upstream_ended(bool cleanly) override;
    Bytes to_upstream() const override { return client_.to_upstream(); }
    void consume_to_upstream(std::size_t count) override;
    bool upstream_is_reusable() const override { return client_.is_reusable(); }
    bool needs_upstream() const override;
    bool is_finished() const override { return !agent_.is_attached(); }
    bool was_cut() const override { return was_cut_; }
    int response_status() const override { return status_; }
    std::string const& refusal() const override { return refusal_; }
    std::string const& upstream_fault() const override { return upstream_fault_; }
    std::size_t held() const override
    {
        return sizeof *this + request_body_.held() + answer_body_.held() + client_.held()
               + to_socket_.held() + (socket_ ? sizeof *socket_ + socket_->held() : 0);
    }

    // ---- how a forwarded request travels
    bool needs_start() const { return is_forwarded_ && via_ == Via::Nothing; }
    void start_http1();
    Result<> start_http2(Http2Session& upstream, StreamHost& host); // an error: it takes no more
    bool is_on_http2() const { return upstream_.is_attached(); }
    // The upstream stream was refused unprocessed (RFC 9113 section 8.7): a fresh one may do.
    bool was_refused() const { return was_refused_; }
    bool wants_http1() const { return upstream_error_ == Http2Error::Http11Required; }
    // Of an upstream stream; those of a connection of its own are counted there.
    std::uint64_t shared_bytes_up() const { return shared_up_; }
    std::uint64_t shared_bytes_down() const { return shared_down_; }
    StreamId upstream_stream() const { return upstream_.id; }
    void cut(Http2Error why);

    // ---- from the agent's session, by Http2Server
    void request_received(StreamRequest request, Ends ends);
    void request_refused(Error const& why, RequestHead seen, Ends ends);
    void request_data(Bytes bytes);
    void request_trailers(FieldBlock block);
    void request_ended();
    void agent_closed(); // the stream is gone
    void leave_upstream() { let_go_of_upstream(); }
    void agent_broke(std::string_view why);
    Http2Events::Produced produce_answer(MutableBytes into);
    StreamId agent_stream() const { return agent_.id; }

    // ---- from the upstream's session, by Http2Upstream
    void answer_block(FieldBlock block, Ends ends);
    void answer_data(Bytes bytes);
    void answer_ended();
    void answer_broke(std::string_view why) { upstream_fault_ = why; }
    void upstream_closed(Http2Error why);
    Http2Events::Produced produce_request(MutableBytes into);

    // Whom the owner tells apart exchanges by; 0 until it is set.
    std::uint64_t tag = 0;

private:
    enum class Via : std::uint8_t { Nothing, Http1, Http2 };

    // AnswerSink: from client_, and from the upstream's session
    std::size_t answer_room() const override;
    void informational(ParsedResponse const& response) override;
    void switched(ParsedResponse const& response) override;
    Result<> answer_head(ParsedResponse const& response, Framing framing) override;
    void answer_payload(Bytes payload) override;
    void answer_over(std::vector<HttpField> trailers) override;
    void tunnel_over(bool cleanly) override;
    void answer_broken(std::string why) override;

    // TunnelEnds, and what moves through it
    void tunnel_to_upstream(Bytes bytes) override;
    void tunnel_to_agent(Bytes bytes) override;
    void tunnel_closed() override;
    void move_tunnel();
    std::size_t tunnel_room() const;
    bool is_agent_done() const;
    Http2Events::Produced produce_tunnel(MutableBytes into);

    void send_request_body();
    void took_request(std::size_t count);
    void drop_request_body();
    void credit_kept_body();
    void replace_body(std::string body);
    void let_go_of_upstream();
    void final_answer(ParsedResponse const& response, Ends ends);
    void set_answer_trailers(std::vector<HttpField> trailers);
    std::vector<HttpField> scrubbed(std::vector<HttpField> fields) const;
    std::optional<std::uint64_t> request_length() const;
    bool has_body_left() const { return !is_request_over_ || !request_body_.is_empty(); }

    Http1Limits limits_;
    HttpScheme scheme_;
    StreamEnd agent_;

    // ---- the request
    StreamRequest request_;
    bool is_waiting_ = false;
    bool is_request_over_ = false;     // END_STREAM came
    ByteQueue request_body_;           // not yet taken by the upstream
    std::size_t already_credited_ = 0; // of its first bytes: the window was given back
    std::uint64_t request_received_ = 0;
    std::vector<HttpField> request_trailers_;
    std::optional<std::size_t> wanted_;
    std::optional<std::size_t> wanted_start_;
    bool is_too_large_ = false;
    bool is_forwarded_ = false;
    std::string refusal_;

    // ---- the upstream
    Via via_ = Via::Nothing;
    Http1Client client_{limits_, *this};
    StreamEnd upstream_;
    Forward plan_;
    bool is_body_begun_ = false; // a byte of the body left: it cannot be sent again
    bool has_upstream_spoken_ = false;
    bool was_refused_ = false;
    Http2Error upstream_error_ = Http2Error::NoError;
    std::uint64_t shared_up_ = 0, shared_down_ = 0;
    bool was_sent_again_ = false;
    unsigned informational_ = 0;

    // ---- a WebSocket
    std::unique_ptr<WebSocketTunnel> socket_; // that was asked for
    bool is_tunnel_ = false;                  // it is open, or was
    bool resets_at_end_ = false;              // once the agent got what came before
    Http2Error reset_code_ = Http2Error::Cancel;
    ByteQueue to_socket_; // towards an upstream stream

    // ---- the answer
    std::optional<LocalAnswer> late_answer_; // once the request is over
    AnswerCleaner cleaner_;
    bool has_answer_begun_ = false;
    bool is_answer_over_ = false;
    bool were_trailers_sent_ = false;
    std::uint64_t uncredited_ = 0; // answer bytes whose upstream window is owed
    ByteQueue answer_body_;
    std::vector<HttpField> answer_trailers_;
    bool has_trailers_ = false;
    bool was_cut_ = false;
    int status_ = 0;
    std::string upstream_fault_;
    bool has_untold_fault_ = false;
};

} // namespace osh::netproxy::proxy
