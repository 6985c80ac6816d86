// Streams of an upstream connection to their exchanges and back.
#include "netproxy/proxy/http2_upstream.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{

// A window must cover what is on its way over a long line; what the agent does not read waits here.
Http2Limits Http2Upstream::upstream_limits()
{
    Http2Limits limits;
    limits.stream_window = 256 * 1024;
    limits.connection_window = 4 * 1024 * 1024;
    return limits;
}

Http2Upstream::Http2Upstream(Http2Limits const& limits)
    : session_(Http2Session::create(Http2Role::Client, limits, *this))
{
}

Http2Upstream::~Http2Upstream()
{
    transport_ended();
}

Result<> Http2Upstream::start(StreamExchange& exchange)
{
    TRY(exchange.start_http2(*session_, *this));
    streams_.emplace(exchange.upstream_stream(), &exchange);
    return {};
}

void Http2Upstream::transport_ended()
{
    session_->terminate(Http2Error::NoError); // nothing new may start here
    for (auto const& [id, exchange] : std::exchange(streams_, {})) {
        touched_.push_back(exchange->tag);
        exchange->upstream_closed(Http2Error::Internal);
    }
}

std::vector<std::uint64_t> Http2Upstream::under_way() const
{
    std::vector<std::uint64_t> tags;
    tags.reserve(streams_.size());
    for (auto const& [id, exchange] : streams_)
        tags.push_back(exchange->tag);
    return tags;
}

std::vector<std::uint64_t> Http2Upstream::take_touched()
{
    auto touched = std::exchange(touched_, {});
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    return touched;
}

StreamExchange* Http2Upstream::find(StreamId stream)
{
    auto const found = streams_.find(stream);
    if (found == streams_.end())
        return nullptr;
    touched_.push_back(found->second->tag);
    return found->second;
}

void Http2Upstream::block_received(StreamId stream, FieldBlock block, Ends ends)
{
    if (auto* exchange = find(stream))
        exchange->answer_block(std::move(block), ends);
}

void Http2Upstream::data_received(StreamId stream, Bytes bytes)
{
    if (auto* exchange = find(stream))
        exchange->answer_data(bytes);
}

void Http2Upstream::end_received(StreamId stream)
{
    if (auto* exchange = find(stream))
        exchange->answer_ended();
}

void Http2Upstream::stream_broken(StreamId stream, std::string_view why)
{
    if (auto* exchange = find(stream))
        exchange->answer_broke(why);
}

void Http2Upstream::stream_closed(StreamId stream, Http2Error why)
{
    if (auto* exchange = find(stream)) {
        streams_.erase(stream);
        exchange->upstream_closed(why);
    }
}

Http2Events::Produced Http2Upstream::produce(StreamId stream, MutableBytes into)
{
    if (auto* exchange = find(stream))
        return exchange->produce_request(into);
    return {}; // let go, its reset is on the way
}

} // namespace osh::netproxy::proxy
