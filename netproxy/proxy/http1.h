#pragma once
// One HTTP/1.x connection of the agent, judged request by request and re-serialised towards the
// upstream. The message that was judged is the message that is sent: every ambiguity is refused
// (security design H11).
//
// A state machine: bytes in from both sides, bytes out to both sides, and one question at a time.
// No I/O, no policy.

#include "netproxy/proxy/byte_sink.h"
#include "netproxy/proxy/http_exchange.h"
#include "policy/base/time.h"

#include <memory>

namespace osh::netproxy::proxy
{

class Http1Connection final : public HttpExchange, public AgentWire
{
public:
    explicit Http1Connection(Http1Limits const& limits = {}, HttpScheme scheme = HttpScheme::Https);
    ~Http1Connection() override;

    // ---- AgentWire: less is taken than offered also until forward(), answer() or want_body().
    std::size_t agent_bytes(Bytes bytes) override;
    void agent_ended() override;
    Bytes to_agent() const override;
    void consume_to_agent(std::size_t count) override;

    // The next step towards the agent: large pieces of answers go there at once, when nothing is
    // before them. Outlives this connection; null for none.
    void answer_through(ByteSink* next);

    // How much would be taken now, at least when it is one body: 0 means do not read that side.
    std::size_t agent_room() const;
    std::size_t upstream_room() const;

    // ---- HttpExchange
    RequestHead const* waiting() const override;
    RequestHead const& asked() const override;
    void want_body(std::size_t limit) override;
    std::optional<std::string_view> body() const override;
    bool body_is_too_large() const override;
    void want_start(std::size_t limit) override;
    BodyStart body_start() const override;
    void forward(Forward plan) override;
    void answer(LocalAnswer const& reply) override;
    bool may_send_again() const override;
    void send_again() override; // puts it into to_upstream() once more
    bool has_untold_fault() const override;
    void fail_with(LocalAnswer const& reply) override;
    TunnelMessage const* message() const override;
    void pass_message(std::optional<std::string> instead) override;
    bool close_tunnel(CloseCode code, std::string_view reason) override;
    Closing closing() const override;
    std::size_t upstream_bytes(Bytes bytes) override;
    void upstream_ended(bool cleanly) override;
    Bytes to_upstream() const override;
    void consume_to_upstream(std::size_t count) override;
    bool upstream_is_reusable() const override;
    bool needs_upstream() const override;
    bool is_finished() const override; // to be closed once to_agent() is empty
    bool was_cut() const override;     // reset, do not close cleanly
    int response_status() const override;
    std::string const& refusal() const override;
    std::string const& upstream_fault() const override;
    std::size_t held() const override;

    // ---- its own upstream connection, where the server chose HTTP/2: before a byte of the request
    // under way was sent.
    void speak_http2();
    void upstream_is_gone(); // that connection is no more; the next begins with HTTP/1.1
    void set_time(Instant now);
    bool is_unanswered() const;   // not a byte came back
    bool awaits_settings() const; // it speaks HTTP/2, and its first frame is due

    bool is_tunnel() const; // after a verified 101: opaque bytes both ways

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace osh::netproxy::proxy
