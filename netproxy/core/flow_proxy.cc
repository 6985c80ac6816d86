// Upstream connections through the person's own proxy (HTTPS_PROXY and its family on the host).
//
// A tunnel (CONNECT), or, for plain HTTP, the requests themselves.
//
// The proxy is given the name, as it expects; it looks the name up itself. What can be checked here
// is checked all the same: every address that our own look-up gives must be one the policy admits,
// and one that is refused refuses the connection. Where this machine cannot look the name up at all
// (networks where only the proxy can), only a name that a rule spells out, or that a person
// answered for, goes on: a pattern could be led inwards by whoever owns the zone. host.osh.internal
// never goes through a proxy, datagrams neither.

#include "netproxy/core/address_order.h"
#include "netproxy/core/core.h"
#include "netproxy/core/first_bytes.h"
#include "policy/model/host_service.h"

#include <fmt/core.h>

namespace osh::netproxy::core
{
namespace
{

std::string host_and_port(std::string_view host, std::uint16_t port)
{
    bool const is_v6 = host.find(':') != std::string_view::npos;
    return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

} // namespace

policy::UpstreamProxy const* Core::proxy_for(Flow const& flow) const
{
    if (policy::is_host_service_name(flow.host))
        return nullptr;
    return settings_.proxies.for_target(flow.host, flow.tuple.destination_port);
}

// Plain HTTP goes to the proxy as requests, as every client does it: proxies let CONNECT through to
// port 443 and little else. WebSockets need a tunnel all the same.
bool Core::asks_proxy(Flow const& flow) const
{
    return flow.http != nullptr && !flow.is_encrypted() && flow.request() != nullptr
           && flow.request()->protocol != "websocket"
           && flow.tuple.destination_port == kPlainHttpPort && proxy_for(flow) != nullptr;
}

void Core::address_to_proxy(Flow& flow, proxy::Forward& plan)
{
    plan.is_to_proxy = asks_proxy(flow);
    if (plan.is_to_proxy)
        plan.proxy_authorization = proxy_for(flow)->authorization;
    // A secret for the proxy never goes through a tunnel to the host.
    if (flow.upstream.id != 0 && flow.upstream.asks_proxy != plan.is_to_proxy)
        drop_upstream(flow, Ending::Finish);
}

bool Core::is_let_through(Flow const& flow) const
{
    return flow.was_allowed_by_person || flow.request_allowed_by_person
           || settings_.when_unruled == WhenUnruled::Audit;
}

bool Core::is_within_labels(policy::ConnectQuestion const& question, bool by_person)
{
    auto const zone = policy::zone_of_pattern(*policy_, question);
    return zone.empty() || by_person || is_within_labels(zone, question.host);
}

bool Core::is_within_labels(std::string_view zone, std::string_view name)
{
    auto const answer = labels_.ask(zone, name, at_.now);
    if (answer == LabelLimit::Answer::RefusedFirst)
        journal_.notice("new_names",
            fmt::format("{} new names a minute, or {} bytes in them, were looked up below the zone "
                        "{}; more are refused",
                settings_.new_names.per_minute, settings_.new_names.bytes_per_minute, zone),
            at_.now);
    return answer == LabelLimit::Answer::Admitted;
}

void Core::dial_through(Flow& flow, policy::UpstreamProxy const& proxy)
{
    flow.upstream.state = UpstreamState::ResolveProxy;
    if (auto const address = IpAddress::parse(proxy.host))
        dial_tunnel(flow, proxy, {*address});
    else
        commands_.push_back(Resolve{flow.upstream.id, proxy.host});
}

void Core::dial_tunnel(
    Flow& flow, policy::UpstreamProxy const& proxy, std::vector<IpAddress> const& proxy_addresses)
{
    flow.upstream.state = UpstreamState::Dial;
    auto addresses = in_turns(proxy_addresses);
    addresses.resize(std::min(addresses.size(), kMaxAddresses));
    Tunnel tunnel{flow.upstream.asks_proxy ? std::string()
                                           : host_and_port(flow.host, flow.tuple.destination_port),
        proxy.authorization, host_and_port(proxy.host, proxy.port)};
    commands_.push_back(
        Dial{flow.upstream.id, std::move(addresses), proxy.port, Reach::Proxy, std::move(tunnel)});
}

void Core::dial_unresolved(Flow& flow, policy::UpstreamProxy const& proxy)
{
    bool const is_named = policy::may_go_unresolved(*policy_, question_of(flow))
                          || flow.was_allowed_by_person || flow.request_allowed_by_person;
    if (is_named)
        return dial_through(flow, proxy);
    policy::Verdict why_not;
    why_not.code = policy::DenyCode::AddressBlocked;
    why_not.reason = flow.host
                     + " cannot be looked up here, so that no address can be checked: only a rule "
                       "that spells the name out may leave that to the proxy";
    address_denied(flow, why_not);
}

} // namespace osh::netproxy::core
