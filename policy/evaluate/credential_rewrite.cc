#include "policy/compile/policy.h"
#include "policy/evaluate/alone.h"
#include "policy/evaluate/reachable.h"

namespace osh::policy
{

std::optional<CredentialRewrite> credential_rewrite_alone(
    Policy const& policy, ConnectQuestion const& connection, std::string_view canonical_path)
{
    Endpoint const* chosen = nullptr;
    for_each_reachable(*policy.network, connection, [&](Endpoint const& endpoint) {
        bool const is_reader = endpoint.protocol == Protocol::Rest
                               || endpoint.protocol == Protocol::WebSocket
                               || endpoint.protocol == Protocol::GraphQl;
        if (is_reader && endpoint.selects_path(canonical_path)
            && (chosen == nullptr || endpoint.path_specificity >= chosen->path_specificity))
            chosen = &endpoint;
    });
    if (chosen == nullptr)
        return std::nullopt;
    return CredentialRewrite{
        chosen->credentials.websocket_rewrite, chosen->credentials.request_body_rewrite};
}

} // namespace osh::policy
