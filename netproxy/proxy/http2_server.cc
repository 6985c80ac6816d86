// Streams of the agent to their exchanges and back.
#include "netproxy/proxy/http2_server.h"

#include "netproxy/proxy/head_glimpse.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{

Http2Server::Http2Server(HttpScheme scheme, Http2Limits const& limits)
    : scheme_(scheme), session_(Http2Session::create(Http2Role::Server, limits, *this))
{
}

Http2Server::~Http2Server()
{
    for (auto const& [id, exchange] : std::exchange(streams_, {}))
        exchange->agent_closed();
}

std::size_t Http2Server::agent_bytes(Bytes bytes)
{
    return session_->receive(bytes);
}

// No half-close in HTTP/2: without the connection no answer can arrive.
void Http2Server::agent_ended()
{
    has_agent_ended_ = true;
    for (auto const& [id, exchange] : std::exchange(streams_, {})) {
        touched_.push_back(exchange->tag);
        exchange->agent_closed();
    }
}

std::vector<std::unique_ptr<StreamExchange>> Http2Server::take_arrived()
{
    return std::exchange(arrived_, {});
}

std::vector<std::string> Http2Server::take_refusals()
{
    return std::exchange(refusals_, {});
}

std::vector<std::uint64_t> Http2Server::take_touched()
{
    auto touched = std::exchange(touched_, {});
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    return touched;
}

StreamExchange* Http2Server::find(StreamId stream)
{
    auto const found = streams_.find(stream);
    if (found == streams_.end())
        return nullptr;
    touched_.push_back(found->second->tag);
    return found->second;
}

void Http2Server::block_received(StreamId stream, FieldBlock block, Ends ends)
{
    if (auto* known = find(stream))
        return known->request_trailers(std::move(block));
    auto exchange =
        std::make_unique<StreamExchange>(StreamEnd{session_.get(), this, stream}, scheme_);
    streams_.emplace(stream, exchange.get());
    auto seen = glimpse_of(block.fields);
    auto request = read_request_block(std::move(block), ends, scheme_);
    if (request.ok())
        exchange->request_received(*std::move(request), ends);
    else
        exchange->request_refused(request.error(), std::move(seen), ends);
    arrived_.push_back(std::move(exchange));
}

void Http2Server::data_received(StreamId stream, Bytes bytes)
{
    if (auto* exchange = find(stream))
        exchange->request_data(bytes);
    else
        session_->consumed(stream, bytes.size());
}

void Http2Server::end_received(StreamId stream)
{
    if (auto* exchange = find(stream))
        exchange->request_ended();
}

void Http2Server::stream_broken(StreamId stream, std::string_view why)
{
    if (auto* exchange = find(stream))
        exchange->agent_broke(why);
    else if (refusals_.size() < kMaxToldRefusals)
        refusals_.emplace_back(why);
}

void Http2Server::stream_closed(StreamId stream, Http2Error)
{
    if (auto* exchange = find(stream)) {
        streams_.erase(stream);
        exchange->agent_closed();
    }
}

Http2Events::Produced Http2Server::produce(StreamId stream, MutableBytes into)
{
    if (auto* exchange = find(stream))
        return exchange->produce_answer(into);
    return {}; // let go, its reset is on the way
}

} // namespace osh::netproxy::proxy
