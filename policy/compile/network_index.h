#pragma once
// The compiled form that evaluate() walks: endpoints by exact host in a hash table, patterns by the
// literal end of their name. Looking up a host costs its labels, not the number of endpoints.
// Immutable once built.

#include "policy/model/network.h"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace osh::policy
{

struct PortEndpoint {
    std::uint16_t port;
    std::uint32_t endpoint;
};

struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const
    {
        return std::hash<std::string_view>{}(name);
    }
};

class CompiledNetwork
{
public:
    // Entries in the order of their keys; endpoints refer to them by index.
    CompiledNetwork(std::vector<NetworkEntry> entries, std::vector<Endpoint> endpoints,
        std::vector<Middleware> middlewares);

    std::vector<NetworkEntry> const& entries() const { return entries_; }
    std::vector<Endpoint> const& endpoints() const { return endpoints_; }
    std::vector<Middleware> const& middlewares() const { return middlewares_; }

    // Calls visit(Endpoint const&) for each endpoint that names this host and port. The host must
    // be in lower case. Order is not specified.
    template<typename Visit>
    void for_each(std::string_view lower_host, std::uint16_t port, Visit&& visit) const
    {
        if (auto found = exact_.find(lower_host); found != exact_.end())
            visit_port(found->second, port, visit);
        for (std::string_view suffix = lower_host;;) {
            if (auto found = by_suffix_.find(suffix); found != by_suffix_.end())
                visit_patterns(found->second, lower_host, port, visit);
            if (suffix.empty())
                break;
            std::size_t const dot = suffix.find('.');
            suffix = dot == std::string_view::npos ? std::string_view{} : suffix.substr(dot + 1);
        }
        visit_port(hostless_, port, visit);
    }

    bool has_name(std::string_view lower_host) const; // on any port
    bool spells_out(std::string_view lower_host) const { return exact_.contains(lower_host); }

private:
    using Bucket = std::vector<PortEndpoint>; // sorted by port
    using Table = std::unordered_map<std::string, Bucket, NameHash, std::equal_to<>>;

    static std::span<PortEndpoint const> on_port(Bucket const& bucket, std::uint16_t port);

    template<typename Visit>
    void visit_port(Bucket const& bucket, std::uint16_t port, Visit& visit) const
    {
        for (auto const& at : on_port(bucket, port))
            visit(endpoints_[at.endpoint]);
    }
    template<typename Visit>
    void visit_patterns(
        Bucket const& bucket, std::string_view host, std::uint16_t port, Visit& visit) const
    {
        for (auto const& at : on_port(bucket, port))
            if (endpoints_[at.endpoint].host_glob.matches(host))
                visit(endpoints_[at.endpoint]);
    }
    void add(std::uint32_t endpoint);

    std::vector<NetworkEntry> entries_;
    std::vector<Endpoint> endpoints_;
    std::vector<Middleware> middlewares_;
    Table exact_;
    Table by_suffix_; // key: the literal labels at the end, "" for none
    Bucket hostless_;
};

} // namespace osh::policy
