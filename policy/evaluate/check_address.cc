// May this address be dialled for that name? Answers server-side request forgery: a name that
// suddenly points into the private network, a policy that names a metadata service.

#include "policy/base/text.h"
#include "policy/evaluate/alone.h"
#include "policy/evaluate/reachable.h"
#include "policy/model/address_class.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

struct Rights {
    Endpoint const* any = nullptr;
    Endpoint const* exact = nullptr;
    Endpoint const* listing = nullptr; // has allowed_ips
    bool is_listed = false;
};

Rights rights_of(
    CompiledNetwork const& network, ConnectQuestion const& question, IpAddress const& address)
{
    Rights rights;
    for_each_reachable(network, question, [&](Endpoint const& endpoint) {
        rights.any = &endpoint;
        if (!endpoint.has_wildcard && !endpoint.host.empty())
            rights.exact = &endpoint;
        if (endpoint.allowed_ips.empty())
            return;
        rights.listing = &endpoint;
        rights.is_listed = rights.is_listed
                           || std::ranges::any_of(endpoint.allowed_ips,
                               [&](AddressBlock const& block) { return block.contains(address); });
    });
    return rights;
}

Verdict blocked(RuleOrigin origin, std::string reason)
{
    Verdict verdict;
    verdict.code = DenyCode::AddressBlocked;
    verdict.rule = origin;
    verdict.reason = std::move(reason);
    return verdict;
}

bool is_own_loopback(IpAddress const& address)
{
    return address == *IpAddress::parse("127.0.0.1") || address == *IpAddress::parse("::1");
}

} // namespace

std::string zone_of_pattern(Policy const& policy, ConnectQuestion const& question)
{
    std::string zone;
    bool is_spelled_out = false;
    for_each_reachable(*policy.network, question, [&](Endpoint const& endpoint) {
        is_spelled_out = is_spelled_out || (!endpoint.has_wildcard && !endpoint.host.empty());
        auto const dot = endpoint.host.find('.', endpoint.host.find_last_of('*') + 1);
        auto const here = endpoint.host.empty() || dot == std::string::npos
                              ? std::string(".")
                              : to_lower_ascii(endpoint.host.substr(dot + 1));
        if (zone.empty() || here.size() < zone.size())
            zone = here; // the widest one counts
    });
    return is_spelled_out ? std::string() : zone;
}

bool may_go_unresolved(Policy const& policy, ConnectQuestion const& question)
{
    auto const spells_out = [&](Policy const& one) {
        Rights const rights = rights_of(*one.network, question, IpAddress{});
        return rights.exact != nullptr && rights.listing == nullptr;
    };
    return spells_out(policy)
           && std::ranges::all_of(policy.ceilings, [&](PolicyCeiling const& ceiling) {
                  return spells_out(*ceiling.policy)
                         || (ceiling.exempt && spells_out(*ceiling.exempt));
              });
}

Verdict check_address_alone(
    Policy const& policy, ConnectQuestion const& question, IpAddress const& address)
{
    CompiledNetwork const& network = *policy.network;
    Rights const rights = rights_of(network, question, address);
    if (!rights.any)
        return evaluate_alone(policy, question).verdict;
    RuleOrigin const origin = origin_of(network, *rights.any, rights.any->line);
    AddressClass const kind = classify(address);
    std::string const place = fmt::format("{}:{}", shown(question.host, 80), question.port);
    if (is_host_service_name(question.host)) {
        if (!is_own_loopback(address))
            return blocked(origin, fmt::format("{} leads to this machine's loopback only", place));
    } else if (kind.kind == AddressKind::Never)
        return blocked(origin, fmt::format("{} leads to {}, a {} address, which is never reachable",
                                   place, address.text(), kind.name));
    if (rights.listing && !rights.is_listed)
        return blocked(origin,
            fmt::format("{} leads to {}, which is not in allowed_ips", place, address.text()));
    bool const may_be_private = rights.listing || rights.exact;
    if (kind.kind == AddressKind::Internal && !may_be_private)
        return blocked(
            origin, fmt::format("{} leads to {} ({}); a pattern may only lead to public addresses",
                        place, address.text(), kind.name));
    if (may_be_private && is_control_plane_port(question.port))
        return blocked(
            origin, fmt::format("port {} belongs to a cluster control plane", question.port));
    Verdict verdict;
    verdict.decision = Decision::Allow;
    verdict.code = DenyCode::None;
    verdict.rule = origin;
    return verdict;
}

} // namespace osh::policy
