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
#include "netproxy/proxy/websocket_gate.h"

namespace osh::netproxy::proxy
{

struct Http1Connection::Impl final : AnswerSink {
    enum class AgentState { Head, Waiting, Body, Drop, Done, Tunnel, Closed };

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
    Http1Client client{limits, *this};
    std::string upstream_host;                // to name it in a 502
    std::vector<HttpField> sent_fields;       // of the request's head
    LocalAnswer late_answer;                  // of Drop
    BodyKind answer_framing = BodyKind::None; // as we write it
    AnswerCleaner cleaner;
    bool has_answer_begun = false; // a byte of a final head went to the agent
    bool is_answer_over = false;
    int status = 0;
    std::string upstream_fault;

    // ---- a WebSocket whose messages are judged
    bool reads_messages = false;
    bool was_deflate_offered = false;
    std::optional<WebSocketGate> gate;
    FrameBoundary answer_frames; // of the server's direction
    std::string close_frame;     // to the agent, once the server's frame under way is through

    // http1_tunnel.cc
    void offer_extensions(Forward& plan);
    Result<ParsedResponse> agreed(ParsedResponse response);
    std::size_t take_tunnel(Bytes bytes);
    void gate_has_moved();
    void tunnel_payload(Bytes payload);
    void close_tunnel(CloseCode code, std::string_view reason);
    void close_when_possible();

    // http1_agent_side.cc
    std::size_t take_head(Bytes bytes);
    std::size_t take_body(Bytes bytes);
    std::size_t keep_body(Bytes bytes);
    std::size_t keepable() const;
    std::size_t drop_body(Bytes bytes);
    std::size_t take_agent(Bytes bytes);
    std::size_t agent_room() const;
    void head_is_complete();
    void refuse(int code, std::string why);
    void answer(LocalAnswer const& reply);
    void agent_ended();
    void finish();
    void cut();
    void next_request();
    void maybe_end_exchange();
    void forward(Forward plan);
    void send_kept_body();

    // http1_upstream_side.cc
    std::size_t answer_room() const override;
    void informational(ParsedResponse const& response) override;
    void switched(ParsedResponse const& response) override;
    Result<> answer_head(ParsedResponse const& response, Framing framing) override;
    void answer_payload(Bytes payload) override;
    void answer_over(std::vector<HttpField> trailers) override;
    void tunnel_over(bool cleanly) override;
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
