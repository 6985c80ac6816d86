#include "netproxy/core/upstream_pool.h"

namespace osh::netproxy::core
{

bool UpstreamPool::keep(PoolKey key, Upstream upstream, Instant now)
{
    if (kept_.size() >= kMaxKept)
        return false;
    auto const id = upstream.id;
    kept_.emplace(id, Kept{std::move(key), std::move(upstream)});
    timers_.set(id, now + kKeepFor);
    return true;
}

Upstream UpstreamPool::take(PoolKey const& key)
{
    for (auto at = kept_.rbegin(); at != kept_.rend(); ++at) {
        if (at->second.key != key)
            continue;
        auto upstream = std::move(at->second.upstream);
        forget(upstream.id);
        upstream.attend_queued = upstream.lacks_space = false;
        return upstream;
    }
    return {};
}

// A server has nothing to say between requests but session tickets; anything else, also an answer
// to nobody's question (a smuggled one), ends the connection.
bool UpstreamPool::received(UpstreamId id, std::size_t count)
{
    auto const found = kept_.find(id);
    if (found == kept_.end())
        return false;
    if (count == 0)
        return true;
    auto* tls = found->second.upstream.tls.get();
    std::byte word{};
    bool const is_good = tls != nullptr && tls->receive(Bytes(space_).first(count)) == count
                         && tls->read(MutableBytes(&word, 1)) == 0
                         && tls->state() == proxy::TlsState::Open && tls->output().empty();
    if (!is_good)
        forget(id);
    return is_good;
}

void UpstreamPool::forget(UpstreamId id)
{
    kept_.erase(id);
    timers_.clear(id);
}

} // namespace osh::netproxy::core
