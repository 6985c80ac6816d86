// protocol tcp: a connection and nothing else, to a DNS name.

#include "policy/base/ip_address.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kInspectionFields[] = {"enforcement", "path", "access", "rules",
    "deny_rules", "allow_encoded_slash", "websocket_credential_rewrite",
    "request_body_credential_rewrite", "persisted_queries", "graphql_persisted_queries",
    "graphql_max_body_bytes", "json_rpc", "mcp", "credential_signing", "signing_service",
    "signing_region", "credential_binding"};

bool says_something(Node const& node)
{
    if (node.kind == NodeKind::Boolean)
        return node.boolean;
    if (node.kind == NodeKind::String)
        return !node.scalar.empty();
    return node.kind != NodeKind::Null;
}

bool is_dns_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '-' || c == '_' || c == '*';
}

std::string_view flaw_of_tcp_host(std::string_view host)
{
    if (host.empty())
        return "protocol tcp needs a host name";
    if (IpAddress::parse(host))
        return "protocol tcp needs a host name, not an address";
    if (host.ends_with('.'))
        return "protocol tcp takes a host name without the final dot";
    if (!std::ranges::all_of(host, is_dns_character))
        return "protocol tcp needs a host name of letters, digits, dots and hyphens";
    return {};
}

} // namespace

void validate_explicit_tcp(EndpointDraft const& draft)
{
    if (draft.endpoint.protocol != Protocol::Tcp)
        return;
    Node const* const host = draft.node->find("host");
    auto const flaw = flaw_of_tcp_host(draft.endpoint.host);
    if (!flaw.empty())
        draft.findings->error(
            host ? host->span : draft.node->span, "bad-tcp-host", {std::string(flaw)});
    for (auto const& entry : draft.node->entries)
        if (std::ranges::find(kInspectionFields, entry.key) != std::end(kInspectionFields)
            && says_something(entry.value))
            draft.findings->error(entry.key_span, "tcp-with-inspection",
                {fmt::format("protocol tcp does not take {}", entry.key),
                    "tcp carries bytes that are not looked at"});
}

} // namespace osh::policy
