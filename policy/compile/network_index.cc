#include "policy/compile/network_index.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::policy
{
namespace
{

// "*.eu.example.com" -> "eu.example.com"; "*.n?.example.com" -> "example.com".
std::string literal_suffix(std::string const& pattern)
{
    std::size_t const special = pattern.find_last_of("*?[]{}\\");
    if (special == std::string::npos)
        return pattern;
    std::size_t const dot = pattern.find('.', special);
    return dot == std::string::npos ? std::string{} : pattern.substr(dot + 1);
}

} // namespace

CompiledNetwork::CompiledNetwork(std::vector<NetworkEntry> entries, std::vector<Endpoint> endpoints,
    std::vector<Middleware> middlewares)
    : entries_(std::move(entries)), endpoints_(std::move(endpoints)),
      middlewares_(std::move(middlewares))
{
    exact_.reserve(endpoints_.size());
    for (std::uint32_t i = 0; i < endpoints_.size(); ++i)
        add(i);
    auto const sort = [](Bucket& bucket) {
        std::ranges::stable_sort(bucket, {}, &PortEndpoint::port);
    };
    for (auto& [host, bucket] : exact_)
        sort(bucket);
    for (auto& [suffix, bucket] : by_suffix_)
        sort(bucket);
    sort(hostless_);
}

void CompiledNetwork::add(std::uint32_t endpoint)
{
    Endpoint const& at = endpoints_[endpoint];
    std::string const host = to_lower_ascii(at.host);
    auto const put = [&](Bucket& bucket) {
        for (std::uint16_t port : at.ports)
            bucket.push_back({port, endpoint});
    };
    if (host.empty()) {
        if (!at.allowed_ips.empty())
            put(hostless_);
        return;
    }
    if (at.has_wildcard)
        return put(by_suffix_[literal_suffix(host)]);
    put(exact_[host]);
    // An IPv6 address may be written in several ways; the question has the canonical one.
    auto const address = IpAddress::parse(host);
    if (address && !address->is_v4() && address->text() != host)
        put(exact_[address->text()]);
}

std::span<PortEndpoint const> CompiledNetwork::on_port(Bucket const& bucket, std::uint16_t port)
{
    auto const found = std::ranges::equal_range(bucket, port, {}, &PortEndpoint::port);
    return {found.data(), found.size()};
}

bool CompiledNetwork::has_name(std::string_view lower_host) const
{
    if (exact_.contains(lower_host) || !hostless_.empty())
        return true;
    for (std::string_view suffix = lower_host;;) {
        if (auto found = by_suffix_.find(suffix); found != by_suffix_.end())
            for (auto const& at : found->second)
                if (endpoints_[at.endpoint].host_glob.matches(lower_host))
                    return true;
        if (suffix.empty())
            return false;
        std::size_t const dot = suffix.find('.');
        suffix = dot == std::string_view::npos ? std::string_view{} : suffix.substr(dot + 1);
    }
}

} // namespace osh::policy
