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

} // namespace

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
    if (kind.kind == AddressKind::Never)
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
