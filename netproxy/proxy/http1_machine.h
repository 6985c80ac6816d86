#pragma once
// The state machine behind Http1Connection, in three files: http1_agent_side.cc (requests in, our
// own answers), http1_upstream_side.cc (answers in), http1_write.cc (heads and bodies out).
//
//   agent:    Head -> Waiting -> Body -> Done -> Head ...     Tunnel after a 101, Closed at the end
//   upstream: Idle -> Head -> Body -> Idle ...                Tunnel after a 101
//
// One request at a time: bytes after it are not taken before its exchange is over.

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/http1_body.h"
#include "netproxy/proxy/http1_scrub.h"

namespace osh::netproxy::proxy
{

struct Http1Connection::Impl {
    enum class AgentState { Head, Waiting, Body, Done, Tunnel, Closed };
    enum class UpstreamState { Idle, Head, Body, Tunnel };

    Http1Limits limits;
    HttpScheme scheme = HttpScheme::Https;

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

    // ---- a body that the policy wants to see
    std::optional<std::size_t> wanted;
    std::string kept;
    bool is_too_large = false;

    // ---- the upstream's side
    UpstreamState upstream = UpstreamState::Idle;
    Forward plan;
    BodyKind request_framing = BodyKind::None; // as we write it
    std::string sent_head;                     // to send again on a new connection
    std::string answer_text;                   // head so far
    BodyReader answer_body;
    BodyKind answer_framing = BodyKind::None; // as we write it
    Scrubber scrubber;
    unsigned informational = 0;
    bool has_answer_begun = false; // a byte of a final head went to the agent
    bool has_upstream_spoken = false;
    bool is_answer_over = false;
    bool is_reusable = false;
    bool answer_keeps_alive = false;
    int status = 0;
    std::string upstream_fault;
    ByteQueue to_upstream;

    // http1_agent_side.cc
    std::size_t take_head(Bytes bytes);
    std::size_t take_body(Bytes bytes);
    std::size_t keep_body(Bytes bytes);
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

    // http1_upstream_side.cc
    std::size_t take_upstream(Bytes bytes);
    std::size_t take_answer_head(Bytes bytes);
    std::size_t take_answer_body(Bytes bytes);
    std::size_t upstream_room() const;
    void answer_head_is_complete();
    void informational_answer(ParsedResponse const& response);
    void switch_protocols(ParsedResponse const& response);
    void final_answer(ParsedResponse const& response);
    void answer_is_over();
    void upstream_ended(bool cleanly);
    void upstream_is_broken(std::string why);

    // http1_write.cc
    void forward(Forward new_plan);
    void send_kept_body();
    void write_request_head();
    void write_request_payload(Bytes payload);
    void end_request_body();
    void write_answer_head(ParsedResponse const& response);
    void write_informational(ParsedResponse const& response);
    void write_answer_payload(Bytes payload);
    void end_answer_body();
    void write_local(LocalAnswer const& reply);
};

inline constexpr std::size_t kChunkOverhead = 32; // size line, line ends, last chunk

LocalAnswer json_error(int status, std::string_view error, std::string_view message);
std::string websocket_accept(std::string_view key); // RFC 6455 section 4.2.2

} // namespace osh::netproxy::proxy
