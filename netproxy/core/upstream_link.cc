#include "netproxy/core/upstream_link.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{

Link* UpstreamLinks::find(UpstreamId id)
{
    auto const found = links_.find(id);
    return found == links_.end() || found->second->is_over ? nullptr : found->second.get();
}

Link const* UpstreamLinks::find(UpstreamId id) const
{
    auto const found = links_.find(id);
    return found == links_.end() || found->second->is_over ? nullptr : found->second.get();
}

std::vector<Link*> UpstreamLinks::open_links(LinkKey const& key)
{
    std::vector<Link*> found;
    for (auto const& [id, link] : links_)
        if (!link->is_over && link->key == key && link->http2.may_start())
            found.push_back(link.get());
    return found;
}

Link& UpstreamLinks::add(LinkKey key, Upstream upstream)
{
    auto const id = upstream.id;
    auto link = std::make_unique<Link>();
    link->key = std::move(key);
    link->upstream = std::move(upstream);
    return *links_.emplace(id, std::move(link)).first->second;
}

void UpstreamLinks::mark_over(Link& link)
{
    link.is_over = true;
    timers_.clear(link.upstream.id);
    over_.push_back(link.upstream.id);
}

void UpstreamLinks::sweep()
{
    for (auto const id : std::exchange(over_, {}))
        links_.erase(id);
}

std::vector<FlowId> UpstreamLinks::finish(LinkKey const& key)
{
    auto pending = pending_.extract(key);
    return pending ? std::move(pending.mapped()) : std::vector<FlowId>{};
}

void UpstreamLinks::note_http1(std::string const& host, std::uint16_t port, Instant now)
{
    if (http1_hosts_.size() >= kMaxHttp1Hosts) // the one that is asked again first
        http1_hosts_.erase(std::min_element(http1_hosts_.begin(), http1_hosts_.end(),
            [](auto const& a, auto const& b) { return a.second < b.second; }));
    http1_hosts_[{host, port}] = now + kHttp1HostFor;
}

bool UpstreamLinks::is_http1(std::string const& host, std::uint16_t port, Instant now) const
{
    auto const found = http1_hosts_.find({host, port});
    return found != http1_hosts_.end() && now < found->second;
}

} // namespace osh::netproxy::core
