#pragma once
// The agent's HTTP/2 connection: hands out one StreamExchange for each request, and leads the
// frames between them and the session. Who judges them is the core; what they say to an upstream is
// theirs.

#include "netproxy/proxy/stream_exchange.h"

#include <map>

namespace osh::netproxy::proxy
{

class Http2Server final : public AgentWire, private Http2Events, private StreamHost
{
public:
    explicit Http2Server(HttpScheme scheme, Http2Limits const& limits = {});
    ~Http2Server() override;

    // ---- AgentWire
    std::size_t agent_bytes(Bytes bytes) override;
    void agent_ended() override;
    Bytes to_agent() const override { return session_->output(); }
    void consume_to_agent(std::size_t count) override { session_->consume_output(count); }

    void set_time(Instant now) { session_->set_time(now); }
    void close() { session_->go_away(Http2Error::NoError); } // what is under way goes on
    bool is_over() const { return has_agent_ended_ || session_->is_over(); }
    std::string const& fault() const { return session_->fault(); }
    std::size_t stream_count() const { return streams_.size(); }

    // Requests that came since the last call, and what was wrong with those that could not become
    // one. An exchange may end before or after this object.
    std::vector<std::unique_ptr<StreamExchange>> take_arrived();
    std::vector<std::string> take_refusals();
    // The tags of exchanges to which something happened since the last call.
    std::vector<std::uint64_t> take_touched();

private:
    void block_received(StreamId stream, FieldBlock block, Ends ends) override;
    void data_received(StreamId stream, Bytes bytes) override;
    void end_received(StreamId stream) override;
    void stream_broken(StreamId stream, std::string_view why) override;
    void stream_closed(StreamId stream, Http2Error why) override;
    void going_away(StreamId, Http2Error) override {}
    Produced produce(StreamId stream, MutableBytes into) override;
    void let_go(StreamId stream) override { streams_.erase(stream); }
    StreamExchange* find(StreamId stream);

    HttpScheme scheme_;
    std::unique_ptr<Http2Session> session_;
    std::map<StreamId, StreamExchange*> streams_;
    std::vector<std::unique_ptr<StreamExchange>> arrived_;
    std::vector<std::string> refusals_;
    std::vector<std::uint64_t> touched_;
    bool has_agent_ended_ = false;
};

inline constexpr std::size_t kMaxToldRefusals = 16; // of one call; the journal has a rate anyway

} // namespace osh::netproxy::proxy
