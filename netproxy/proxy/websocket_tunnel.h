#pragma once
// A WebSocket after its handshake, whichever protocol carries it: a connection after a 101 (RFC
// 6455) or a stream of HTTP/2 (RFC 8441). Bytes both ways, and where messages are judged the
// agent's one by one. Also which extensions are offered on and agreed on.
//
// Not: the handshake, who sends what when (http1_tunnel.cc, stream_tunnel.cc), the verdict.

#include "netproxy/proxy/http1_head.h"
#include "netproxy/proxy/websocket_gate.h"
#include "netproxy/proxy/websocket_scrub.h"

namespace osh::netproxy::proxy
{

// Where a tunnel's bytes go.
class TunnelEnds
{
public:
    virtual ~TunnelEnds() = default;
    virtual void tunnel_to_upstream(Bytes bytes) = 0;
    virtual void tunnel_to_agent(Bytes bytes) = 0;
    virtual void tunnel_closed() = 0; // by a Close of ours, that both ends were given
};

class WebSocketTunnel
{
public:
    // Takes out of the plan what must not be offered. `ends` must outlive it.
    WebSocketTunnel(Forward& plan, TunnelEnds& ends);
    WebSocketTunnel(WebSocketTunnel const&) = delete;
    WebSocketTunnel& operator=(WebSocketTunnel const&) = delete;

    // The server's answer to the offer, as the agent is to understand it. An error: it agreed on
    // something else.
    Result<ParsedResponse> agreed(ParsedResponse response);

    // How much was taken of what the agent said; less than offered while a message waits.
    std::size_t take(Bytes bytes);
    void answer(Bytes bytes); // what the server said, all of it

    TunnelMessage const* message() const;
    void pass(std::optional<std::string> instead);
    bool reads_messages() const { return gate_.has_value(); }
    void close(CloseCode code, std::string_view reason); // of one that reads messages
    bool is_closing() const { return !close_frame_.empty(); }
    bool has_agent_closed() const { return gate_ && gate_->has_closed(); } // its Close went through
    Closing closing() const;

    // Why it was closed, if one of the two is at fault; "" if not.
    std::string_view refusal() const { return refusal_; }
    std::string_view upstream_fault() const { return upstream_fault_; }
    std::size_t held() const { return gate_ ? gate_->held() : 0; }

private:
    void offer(Forward& plan);
    void gate_has_moved();
    void answer_scrubbed(Bytes bytes);
    void close_when_possible();

    TunnelEnds& ends_;
    bool reads_messages_ = false;
    bool was_deflate_offered_ = false;
    bool takes_client_bits_ = false; // the offer has client_max_window_bits
    bool is_closed_ = false;
    std::optional<WebSocketGate> gate_;
    FrameBoundary answer_frames_;         // of the server's direction
    std::optional<WebSocketScrub> scrub_; // where it could echo a secret
    std::string close_frame_; // to the agent, once the server's frame under way is through
    std::string_view refusal_, upstream_fault_; // of texts that live as long as the program
};

} // namespace osh::netproxy::proxy
