#include "netproxy/core/upstream_link.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{

bool Link::is_quiet(Moment at) const
{
    auto const by_calendar =
        std::chrono::abs(std::chrono::milliseconds(at.wall.milliseconds - heard.wall.milliseconds));
    return at.now - heard.now > kLinkQuiet || by_calendar > kLinkQuiet;
}

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
    silent_.clear(link.upstream.id);
    over_.push_back(link.upstream.id);
}

void UpstreamLinks::expect_settings(Link const& link, Instant now)
{
    silent_.set(link.upstream.id, now + kSettingsTimeout);
}

void UpstreamLinks::settings_came(Link& link)
{
    if (std::exchange(link.awaits_settings, false))
        silent_.clear(link.upstream.id);
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

void UpstreamLinks::note(KnownHosts& hosts, KnownHosts::key_type host, Instant now)
{
    if (hosts.size() >= kMaxKnownHosts) // the one that is asked again first
        hosts.erase(std::min_element(hosts.begin(), hosts.end(),
            [](auto const& a, auto const& b) { return a.second < b.second; }));
    hosts[std::move(host)] = now + kKnownHostFor;
}

bool UpstreamLinks::knows(KnownHosts const& hosts, KnownHosts::key_type const& host, Instant now)
{
    auto const found = hosts.find(host);
    return found != hosts.end() && now < found->second;
}

void UpstreamLinks::note_http1(std::string const& host, std::uint16_t port, Instant now)
{
    note(http1_hosts_, {host, port}, now);
}

bool UpstreamLinks::is_http1(std::string const& host, std::uint16_t port, Instant now) const
{
    return knows(http1_hosts_, {host, port}, now);
}

void UpstreamLinks::note_http2(std::string const& host, std::uint16_t port, Instant now)
{
    note(http2_hosts_, {host, port}, now);
    http1_hosts_.erase({host, port}); // which it was thought to be
}

bool UpstreamLinks::is_http2(std::string const& host, std::uint16_t port, Instant now) const
{
    return knows(http2_hosts_, {host, port}, now);
}

} // namespace osh::netproxy::core
