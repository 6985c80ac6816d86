// Which fields of an endpoint go together. Errors refuse the policy; warnings say what will not do
// what it seems to say.

#include "policy/base/text.h"
#include "policy/compile/draft.h"
#include "policy/model/address_class.h"
#include "policy/model/host_pattern.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

class EndpointCheck
{
public:
    explicit EndpointCheck(EndpointDraft const& draft)
        : endpoint_(draft.endpoint), node_(*draft.node), findings_(*draft.findings)
    {
    }

    void run()
    {
        check_host();
        check_allowed_ips();
        check_path();
        check_signing();
        check_rules_and_access();
        check_deny_rules();
        check_written_lists();
        check_protocol_needs();
        check_stanzas();
        warn_about_ignored_fields();
    }

private:
    Span span(std::string_view key) const
    {
        Node const* value = node_.find(key);
        return value ? value->span : first_line();
    }
    Span key_span(std::string_view key) const
    {
        for (auto const& entry : node_.entries)
            if (entry.key == key)
                return entry.key_span;
        return first_line();
    }
    Span first_line() const
    {
        return node_.entries.empty() ? node_.span : node_.entries.front().key_span;
    }
    bool is_written(std::string_view key) const { return node_.find(key) != nullptr; }
    bool is_l7() const
    {
        return endpoint_.protocol != Protocol::None && endpoint_.protocol != Protocol::Tcp;
    }

    void check_host();
    void check_allowed_ips();
    void check_path();
    void check_signing();
    void check_rules_and_access();
    void check_deny_rules();
    void check_written_lists();
    void check_protocol_needs();
    void check_stanzas();
    void warn_about_ignored_fields();
    bool rules_allow_nothing() const;

    Endpoint const& endpoint_;
    Node const& node_;
    Findings& findings_;
};

void EndpointCheck::check_host()
{
    bool const is_missing = trimmed(endpoint_.host).empty();
    if (is_missing && endpoint_.protocol == Protocol::Mcp)
        findings_.error(span("host"), "missing-host", {"protocol mcp needs a host"});
    else if (is_missing
             && (endpoint_.allowed_ips_text.empty()
                 && span("allowed_ips").begin == first_line().begin))
        findings_.error(span("host"), "missing-host",
            {"the endpoint has no host", "", "add \"host: api.example.com\", or allowed_ips"});
    HostFlaw const flaw = flaw_of_host(endpoint_.host);
    if (!flaw.message.empty())
        findings_.error(
            span("host"), "bad-host", {std::string(flaw.message), std::string(flaw.help)});
    if (endpoint_.host.find("://") != std::string::npos)
        findings_.warning(span("host"), "url-as-host",
            {"this is a URL: no host will ever match it", "write the bare name: api.example.com"});
    std::string_view const host = endpoint_.host;
    if (host.size() > 2 && host.starts_with('[') && host.ends_with(']'))
        if (auto const address = IpAddress::parse(host.substr(1, host.size() - 2)))
            findings_.warning(span("host"), "bracketed-host",
                {"no host will ever match this: an address stands without brackets here",
                    fmt::format("write \"{}\"", address->text())});
}

void EndpointCheck::check_allowed_ips()
{
    Node const* const list = node_.find("allowed_ips");
    if (!list)
        return;
    for (auto const& item : list->items) {
        auto const block = AddressBlock::parse(item.scalar);
        if (!block)
            continue;
        auto const range = overlapped_never_range(*block);
        if (!range.empty())
            findings_.error(item.span, "blocked-address",
                {fmt::format("this covers {} addresses, which are never reachable", range)});
    }
}

void EndpointCheck::check_path()
{
    if (endpoint_.path.empty())
        return;
    if (!endpoint_.path.starts_with('/') && endpoint_.path != "**")
        findings_.error(span("path"), "bad-endpoint-path",
            {"an endpoint path must start with \"/\"", "or be \"**\""});
    if (!endpoint_.path_rule.is_everything && !endpoint_.path_rule.glob.is_valid())
        findings_.warning(span("path"), "broken-glob",
            {fmt::format("this pattern matches nothing: {}", endpoint_.path_rule.glob.error())});
}

void EndpointCheck::check_signing()
{
    CredentialFields const& fields = endpoint_.credentials;
    if (fields.signing.empty())
        return;
    bool const is_known = fields.signing == "sigv4" || fields.signing == "sigv4:body"
                          || fields.signing == "sigv4:no_body";
    if (!is_known)
        findings_.error(span("credential_signing"), "unknown-signing",
            {fmt::format("unknown signing {}", in_quotes(fields.signing, 40)),
                "expected sigv4, sigv4:body or sigv4:no_body"});
    if (fields.signing_service.empty())
        findings_.error(key_span("credential_signing"), "missing-signing-service",
            {"credential_signing needs signing_service"});
    if (fields.request_body_rewrite)
        findings_.error(key_span("request_body_credential_rewrite"), "signing-and-rewrite",
            {"credential_signing and request_body_credential_rewrite exclude each other"});
}

bool EndpointCheck::rules_allow_nothing() const
{
    return !endpoint_.rules.empty() && std::ranges::all_of(endpoint_.rules, [](L7Rule const& rule) {
        return rule.method.empty() && rule.path.is_absent && rule.command.empty()
               && rule.operation_type.empty() && !rule.operation_name && !rule.tool && !rule.git;
    });
}

void EndpointCheck::check_rules_and_access()
{
    Protocol const protocol = endpoint_.protocol;
    bool const has_access = !endpoint_.access.empty();
    bool const has_rules = is_written("rules") && !endpoint_.rules.empty();
    if (has_rules && has_access)
        findings_.error(key_span("access"), "rules-and-access",
            {"rules and access exclude each other", "remove one of the two"});
    if (has_access && is_json_rpc_family(protocol))
        findings_.error(key_span("access"), "no-presets",
            {fmt::format("protocol {} has no access presets", name_of(protocol)),
                protocol == Protocol::Mcp
                    ? "write rules, or mcp: { allow_all_known_mcp_methods: true }"
                    : "write rules with a method, such as \"*\""});
    bool const is_known_access = endpoint_.access == "read-only" || endpoint_.access == "read-write"
                                 || endpoint_.access == "full";
    if (has_access && !is_known_access)
        findings_.warning(span("access"), "unknown-access",
            {fmt::format(
                 "access {} is not known and allows nothing", in_quotes(endpoint_.access, 40)),
                "expected read-only, read-write or full"});
    bool const has_profile = protocol == Protocol::Mcp && endpoint_.allow_all_known_mcp_methods;
    if (rules_allow_nothing() && !has_profile)
        findings_.error(key_span("rules"), "rules-allow-nothing",
            {"these rules allow nothing", "give each a method and a path"});
}

void EndpointCheck::check_deny_rules()
{
    if (endpoint_.deny_rules.empty())
        return;
    if (!is_l7() && endpoint_.protocol != Protocol::Tcp)
        findings_.error(key_span("deny_rules"), "deny-without-protocol",
            {"deny_rules need a protocol", "add \"protocol: rest\""});
    bool const has_base = !endpoint_.rules.empty() || !endpoint_.access.empty();
    if (is_l7() && !has_base && endpoint_.protocol != Protocol::Mcp)
        findings_.error(key_span("deny_rules"), "deny-without-allow",
            {"deny_rules need rules or access to take something away from"});
}

void EndpointCheck::check_written_lists()
{
    for (std::string_view key : {"rules", "deny_rules"}) {
        Node const* const list = node_.find(key);
        if (list && list->kind == NodeKind::List && list->items.empty())
            findings_.error(list->span, "empty-list",
                {fmt::format("{} must not be empty", key),
                    key == "rules" ? "it would allow nothing" : "it would deny nothing"});
    }
}

void EndpointCheck::check_protocol_needs()
{
    Protocol const protocol = endpoint_.protocol;
    bool const has_rules =
        !endpoint_.rules.empty() || (is_written("rules") && !node_.find("rules")->items.empty());
    bool const has_base = has_rules || !endpoint_.access.empty();
    if (protocol == Protocol::JsonRpc && !has_base)
        findings_.error(
            key_span("protocol"), "missing-rules", {"protocol json-rpc needs rules with a method"});
    else if (protocol == Protocol::Mcp && !has_base && !endpoint_.allow_all_known_mcp_methods)
        findings_.error(key_span("protocol"), "missing-rules",
            {"protocol mcp needs rules", "or mcp: { allow_all_known_mcp_methods: true }"});
    else if (is_l7() && protocol != Protocol::Mcp && !has_base)
        findings_.error(key_span("protocol"), "missing-rules",
            {fmt::format("protocol {} needs rules or access", name_of(protocol)),
                "nothing says what is allowed"});
    if (protocol == Protocol::Sql && endpoint_.enforcement == EnforcementMode::Enforce
        && is_written("enforcement"))
        findings_.error(span("enforcement"), "sql-enforce",
            {"protocol sql can only be audited", "write enforcement: audit"});
    if (protocol == Protocol::None && !endpoint_.rules.empty())
        findings_.warning(key_span("rules"), "rules-without-protocol",
            {"rules need a protocol; osh judges them as rest and enforces them",
                "add \"protocol: rest\"", "OpenShell ignores them and allows everything"});
}

void EndpointCheck::check_stanzas()
{
    if (is_written("mcp") && endpoint_.protocol != Protocol::Mcp)
        findings_.error(key_span("mcp"), "mcp-elsewhere", {"mcp options need \"protocol: mcp\""});
    if (is_written("json_rpc") && !is_json_rpc_family(endpoint_.protocol)
        && endpoint_.protocol != Protocol::Tcp)
        findings_.warning(key_span("json_rpc"), "ignored-field",
            {"json_rpc means nothing without protocol json-rpc or mcp"});
    bool const reads_graphql =
        endpoint_.protocol == Protocol::GraphQl || endpoint_.protocol == Protocol::WebSocket;
    for (std::string_view key :
        {"persisted_queries", "graphql_persisted_queries", "graphql_max_body_bytes"})
        if (is_written(key) && !reads_graphql && endpoint_.protocol != Protocol::Tcp)
            findings_.warning(key_span(key), "ignored-field",
                {fmt::format("{} means nothing without protocol graphql or websocket", key)});
}

void EndpointCheck::warn_about_ignored_fields()
{
    Protocol const protocol = endpoint_.protocol;
    if (endpoint_.credentials.websocket_rewrite && protocol != Protocol::Rest
        && protocol != Protocol::WebSocket && protocol != Protocol::Tcp)
        findings_.warning(key_span("websocket_credential_rewrite"), "ignored-field",
            {"websocket_credential_rewrite means nothing without protocol rest or websocket"});
    if (endpoint_.credentials.request_body_rewrite && protocol != Protocol::Rest
        && protocol != Protocol::Tcp)
        findings_.warning(key_span("request_body_credential_rewrite"), "ignored-field",
            {"request_body_credential_rewrite means nothing without protocol rest"});
    bool const has_443 = std::ranges::binary_search(endpoint_.ports, 443);
    if (endpoint_.tls == TlsMode::Skip && is_l7() && has_443)
        findings_.warning(key_span("tls"), "skip-and-rules",
            {"with tls: skip nothing can be inspected: these rules will not be applied"});
}

} // namespace

void validate_endpoint(EndpointDraft const& draft)
{
    if (draft.node->kind == NodeKind::Map)
        EndpointCheck(draft).run();
}

} // namespace osh::policy
