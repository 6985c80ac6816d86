#pragma once
// The state machine behind Http1Connection, in three files: http1_agent_side.cc (requests in, our
// own answers), http1_upstream_side.cc (what becomes of the upstream's answer), http1_write.cc
// (heads and bodies to the agent). The upstream's bytes are http1_client.h's.
//
//   agent:    Head -> Waiting -> Body -> Done -> Head ...     Tunnel after a 101, Closed at the end
//                             -> Drop                         the body goes nowhere, then our
//                             answer
//
// One request at a time: bytes after it are not taken before its exchange is over.

#include "netproxy/proxy/answer_cleaner.h"
#include "netproxy/proxy/http1.h"
#include "netproxy/proxy/http1_client.h"
#include "netproxy/proxy/http2_client.h"
#include "netproxy/proxy/websocket_tunnel.h"

namespace osh::netproxy::proxy
{

struct Http1Connection::Impl final : AnswerSink, TunnelEnds {
    enum class AgentState { Head, Waiting, Body, Drop, Done, Failed, Tunnel, Closed };

    Impl(Http1Limits const& bounds, HttpScheme by) : limits(bounds), scheme(by) {}

    Http1Limits limits;
    HttpScheme scheme;

    // ---- the agent's side
    AgentState agent = AgentState::Head;
    std::string request_text; // head so far
    ParsedRequest request;
    BodyReader request_body;
    bool has_agent_ended = false;
    bool close_after = false; // no further request on this connection
    bool is_finished = false;
    bool was_cut = false;
    std::string refusal;
    ByteQueue to_agent;
    ByteSink* next_step = nullptr; // after to_agent

    // ---- a body that the policy wants to see
    std::optional<std::size_t> wanted;
    std::optional<std::size_t> wanted_start; // or its beginning only
    std::string kept;
    bool is_too_large = false;

    // ---- the upstream's side
    Http1Client http1{limits, *this};
    std::unique_ptr<Http2Client> http2; // once the server chose it
    bool is_upstream_gone = false;      // the connection that it was chosen on
    UpstreamClient& client() { return http2 ? static_cast<UpstreamClient&>(*http2) : http1; }
    UpstreamClient const& client() const
    {
        return http2 ? static_cast<UpstreamClient const&>(*http2) : http1;
    }
    // Of the exchange under way, should it go over another connection.
    struct Sent {
        Forward plan;
        UpstreamClient::Request request;
    };
    std::unique_ptr<Sent> sent;
    LocalAnswer late_answer;                  // of Drop
    BodyKind answer_framing = BodyKind::None; // as we write it
    AnswerCleaner cleaner;
    bool has_answer_begun = false; // a byte of a final head went to the agent
    bool is_answer_over = false;
    int status = 0;
    std::string upstream_fault;

    std::unique_ptr<WebSocketTunnel> socket; // that was asked for

    // http1_tunnel.cc
    void switched(ParsedResponse const& response) override;
    void tunnel_to_upstream(Bytes bytes) override;
    void tunnel_to_agent(Bytes bytes) override;
    void tunnel_closed() override;
    void tunnel_over(bool cleanly) override;

    // http1_agent_side.cc
    std::size_t take_head(Bytes bytes);
    std::size_t take_body(Bytes bytes);
    std::size_t keep_body(Bytes bytes);
    std::size_t keepable() const;
    std::size_t drop_body(Bytes bytes);
    std::size_t take_agent(Bytes bytes);
    std::size_t agent_room() const;
    void head_is_complete();
    void refuse_head(int code, std::string why);
    void refuse(int code, std::string why);
    void answer(LocalAnswer const& reply);
    void agent_ended();
    void finish();
    void cut();
    void next_request();
    void maybe_end_exchange();
    void forward(Forward plan);
    void send_kept_body();
    std::vector<HttpField> request_trailers();
    void speak_http2();
    void send_again();

    // http1_upstream_side.cc
    std::size_t answer_room() const override;
    void informational(ParsedResponse const& response) override;
    Result<> answer_head(ParsedResponse const& response, Framing framing) override;
    void answer_payload(Bytes payload) override;
    void answer_over(std::vector<HttpField> trailers) override;
    void answer_broken(std::string why) override;

    // http1_write.cc
    void write_answer_head(ParsedResponse const& response);
    void write_informational(ParsedResponse const& response);
    void write_answer_payload(Bytes payload);
    void pass_payload(Bytes payload);
    Result<> end_answer_body(std::vector<HttpField> trailers);
    void write_local(LocalAnswer const& reply);
};

} // namespace osh::netproxy::proxy
