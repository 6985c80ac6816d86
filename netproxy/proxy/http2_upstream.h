#pragma once
// One HTTP/2 connection to an upstream, shared by the requests that may travel together (who may is
// the core's decision). Not: the socket, TLS, or the pool.

#include "netproxy/proxy/stream_exchange.h"

#include <map>

namespace osh::netproxy::proxy
{

class Http2Upstream final : private Http2Events, private StreamHost
{
public:
    explicit Http2Upstream(Http2Limits const& limits = upstream_limits());
    ~Http2Upstream() override;
    static Http2Limits upstream_limits();

    // An error: it takes no more streams; the exchange is as before.
    Result<> start(StreamExchange& exchange);
    bool may_start() const { return session_->may_request(); }
    TakesSockets takes_sockets() const { return session_->takes_sockets(); }
    bool awaits_settings() const { return takes_sockets() == TakesSockets::Unknown; }
    std::vector<std::uint64_t> under_way() const; // tags of exchanges
    bool is_idle() const { return streams_.empty(); }
    bool is_over() const { return session_->is_over(); }
    std::string const& fault() const { return session_->fault(); }

    std::size_t receive(Bytes bytes) { return session_->receive(bytes); }
    Bytes output() { return session_->output(); }
    void consume_output(std::size_t count) { session_->consume_output(count); }
    void set_time(Instant now) { session_->set_time(now); }
    void transport_ended(); // every stream under way is lost
    void close() { session_->terminate(Http2Error::NoError); }

    // The tags of exchanges to which something happened since the last call.
    std::vector<std::uint64_t> take_touched();

private:
    void block_received(StreamId stream, FieldBlock block, Ends ends) override;
    void data_received(StreamId stream, Bytes bytes) override;
    void end_received(StreamId stream) override;
    void stream_broken(StreamId stream, std::string_view why) override;
    void stream_closed(StreamId stream, Http2Error why) override;
    void going_away(StreamId, Http2Error) override {} // the session closes what is above
    Produced produce(StreamId stream, MutableBytes into) override;
    void let_go(StreamId stream) override { streams_.erase(stream); }
    StreamExchange* find(StreamId stream);

    std::unique_ptr<Http2Session> session_;
    std::map<StreamId, StreamExchange*> streams_;
    std::vector<std::uint64_t> touched_;
};

} // namespace osh::netproxy::proxy
