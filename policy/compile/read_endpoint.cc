// One endpoint of a network policy: every field of the schema, with its default.

#include "policy/base/text.h"
#include "policy/compile/draft.h"
#include "policy/model/host_pattern.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::int64_t kLargestPort = 65'535;

struct ProtocolWord {
    std::string_view word;
    Protocol protocol;
};
constexpr ProtocolWord kProtocols[] = {
    {"tcp", Protocol::Tcp},
    {"rest", Protocol::Rest},
    {"websocket", Protocol::WebSocket},
    {"graphql", Protocol::GraphQl},
    {"sql", Protocol::Sql},
    {"json-rpc", Protocol::JsonRpc},
    {"mcp", Protocol::Mcp},
};

void read_protocol(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    std::string const word = map.text("protocol");
    if (word.empty())
        return;
    for (auto const& known : kProtocols)
        if (equals_ignoring_case(word, known.word)) {
            endpoint.protocol = known.protocol;
            return;
        }
    std::vector<std::string_view> words;
    for (auto const& known : kProtocols)
        words.push_back(known.word);
    auto const nearest = nearest_word(word, words);
    findings.error(map.span_of("protocol"), "unknown-protocol",
        {fmt::format("unknown protocol {}", in_quotes(word, 40)),
            nearest.empty() ? "expected tcp, rest, websocket, graphql, sql, json-rpc or mcp"
                            : fmt::format("did you mean \"{}\"?", nearest)});
}

void read_ports(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    auto const add = [&](Node const& node) {
        if (node.kind != NodeKind::Integer || node.integer < 1 || node.integer > kLargestPort)
            findings.error(node.span, "bad-port",
                {"a port must be a number from 1 to 65535",
                    node.kind == NodeKind::Integer ? ""
                                                   : fmt::format("this is {}", describe(node))});
        else
            endpoint.ports.push_back(static_cast<std::uint16_t>(node.integer));
    };
    Node const* const port = map.find("port");
    auto const& list = map.items("ports");
    for (auto const& item : list)
        add(item);
    if (port && list.empty()) {
        bool const is_zero = port->kind == NodeKind::Integer && port->integer == 0;
        if (!is_zero)
            add(*port);
    } else if (port) {
        static_cast<void>(map.number("port", 0, kLargestPort));
        findings.warning(port->span, "port-and-ports",
            {"port is ignored beside ports", "ports wins", "list every port in ports"});
    }
    bool const is_missing =
        list.empty() && (!port || (port->kind == NodeKind::Integer && port->integer == 0));
    if (map.is_map() && is_missing)
        findings.error(map.key_span_of(port ? "port" : "host"), "missing-port",
            {"the endpoint has no port", "", "add \"port: 443\" or \"ports: [80, 443]\""});
    std::ranges::sort(endpoint.ports);
    auto const twice = std::ranges::unique(endpoint.ports);
    endpoint.ports.erase(twice.begin(), twice.end());
}

void read_enforcement(
    Findings& findings, MapReader const& map, Endpoint& endpoint, ReadOptions const& options)
{
    std::string const word = map.text("enforcement");
    bool const is_default = word.empty() && options.enforcement == Enforcement::DefaultEnforce;
    bool const is_audit = word == "audit" || (word.empty() && !is_default);
    endpoint.enforcement = is_audit ? EnforcementMode::Audit : EnforcementMode::Enforce;
    if (!word.empty() && word != "audit" && word != "enforce")
        findings.warning(map.span_of("enforcement"), "unknown-enforcement",
            {fmt::format("{} is not known here; osh enforces", in_quotes(word, 40)),
                "expected enforce or audit",
                "OpenShell takes any word but \"enforce\" for audit, which blocks nothing"});
}

void read_tls(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    std::string const word = map.text("tls");
    endpoint.has_tls_word = !word.empty();
    endpoint.tls = word == "skip" ? TlsMode::Skip : TlsMode::Auto;
    if (word == "terminate" || word == "passthrough")
        findings.warning(map.span_of("tls"), "retired-tls",
            {fmt::format("tls: {} is retired and means nothing", word),
                "remove it, or write skip to keep TLS unopened"});
    else if (!word.empty() && word != "skip")
        findings.warning(map.span_of("tls"), "unknown-word",
            {fmt::format("tls: {} is not known and means nothing", in_quotes(word, 40)),
                "expected skip"});
}

void read_allowed_ips(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    constexpr std::uint8_t kWidestV4 = 96 + 16;
    for (auto const& item : map.items("allowed_ips")) {
        auto const block =
            item.kind == NodeKind::String ? AddressBlock::parse(item.scalar) : std::nullopt;
        if (!block) {
            findings.error(item.span, "bad-address",
                {"expected an IP address or a block such as 10.0.0.0/24"});
            continue;
        }
        if (block->base.is_v4() && block->bits >= 96 && block->bits < kWidestV4)
            findings.warning(item.span, "wide-addresses",
                {"this block is wider than /16: most of a private network is in it"});
        endpoint.allowed_ips.push_back(*block);
        endpoint.allowed_ips_text.push_back(to_lower_ascii(item.scalar));
    }
    std::ranges::sort(endpoint.allowed_ips_text);
    auto const twice = std::ranges::unique(endpoint.allowed_ips_text);
    endpoint.allowed_ips_text.erase(twice.begin(), twice.end());
}

void read_credentials(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    CredentialFields& out = endpoint.credentials;
    out.websocket_rewrite = map.flag("websocket_credential_rewrite", false);
    out.request_body_rewrite = map.flag("request_body_credential_rewrite", false);
    out.allow_uninspected = map.flag("allow_uninspected_credentials", false);
    out.signing = map.text("credential_signing");
    out.signing_service = map.text("signing_service");
    out.signing_region = map.text("signing_region");
    if (Node const* binding = map.find("credential_binding");
        binding && binding->kind != NodeKind::Null) {
        MapReader const fields(findings, *binding, "credential_binding", {"provider"});
        out.binding_provider = fields.text("provider");
        if (out.binding_provider.empty())
            findings.error(binding->span, "missing-provider",
                {"credential_binding needs the name of a provider"});
    }
}

std::uint32_t body_limit(Findings& findings, MapReader const& map, std::string_view key)
{
    std::uint32_t const limit = map.number(key, kDefaultInspectedBody);
    if (limit == 0)
        findings.error(map.span_of(key), "bad-limit", {fmt::format("{} must be above 0", key)});
    return limit;
}

void read_rpc(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    if (Node const* node = map.find("json_rpc"); node && node->kind != NodeKind::Null) {
        MapReader const fields(findings, *node, "json_rpc", {"max_body_bytes"});
        endpoint.rpc_max_body_bytes = body_limit(findings, fields, "max_body_bytes");
    }
    if (Node const* node = map.find("mcp"); node && node->kind != NodeKind::Null) {
        MapReader const fields(findings, *node, "mcp",
            {"max_body_bytes", "strict_tool_names", "allow_all_known_mcp_methods"});
        endpoint.rpc_max_body_bytes = body_limit(findings, fields, "max_body_bytes");
        endpoint.strict_tool_names = fields.flag("strict_tool_names", true);
        endpoint.allow_all_known_mcp_methods = fields.flag("allow_all_known_mcp_methods", false);
    }
}

void read_graphql(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    std::string const mode = map.text("persisted_queries");
    if (mode == "allow_registered")
        endpoint.persisted_queries = PersistedQueries::AllowRegistered;
    else if (!mode.empty() && mode != "deny")
        findings.error(map.span_of("persisted_queries"), "unknown-word",
            {fmt::format("persisted_queries cannot be {}", in_quotes(mode, 40)),
                "expected deny or allow_registered"});
    endpoint.graphql_max_body_bytes = body_limit(findings, map, "graphql_max_body_bytes");
    for (auto const& entry : map.entries("graphql_persisted_queries")) {
        MapReader const fields(findings, entry.value, "registered query",
            {"operation_type", "operation_name", "fields"});
        endpoint.registered_queries.push_back(
            {entry.key, to_lower_ascii(fields.text("operation_type")),
                fields.text("operation_name"), fields.texts("fields")});
    }
}

void read_host(MapReader const& map, Endpoint& endpoint)
{
    endpoint.host = map.text("host");
    endpoint.has_wildcard = has_host_wildcard(endpoint.host);
    if (endpoint.has_wildcard)
        endpoint.host_glob = Glob(to_lower_ascii(endpoint.host), '.');
}

void read_path(MapReader const& map, Endpoint& endpoint)
{
    endpoint.path = map.text("path");
    endpoint.path_rule = path_pattern(endpoint.path);
    endpoint.path_selector = Glob(endpoint.path, Glob::kNoSeparator);
    endpoint.path_specificity = static_cast<std::size_t>(
        std::ranges::count_if(endpoint.path, [](char c) { return c != '*'; }));
}

} // namespace

EndpointDraft read_endpoint(Findings& findings, Node const& node, ReadOptions const& options)
{
    EndpointDraft draft;
    draft.node = &node;
    draft.findings = &findings;
    Endpoint& endpoint = draft.endpoint;
    MapReader const map(findings, node, "endpoint",
        {"host", "port", "ports", "path", "protocol", "tls", "enforcement", "access", "rules",
            "deny_rules", "allowed_ips", "allow_encoded_slash", "websocket_credential_rewrite",
            "request_body_credential_rewrite", "allow_uninspected_credentials", "persisted_queries",
            "graphql_persisted_queries", "graphql_max_body_bytes", "json_rpc", "mcp",
            "credential_signing", "signing_service", "signing_region", "credential_binding"});
    if (!map.is_map())
        return draft;
    endpoint.line = findings.line_of(node.span);
    read_host(map, endpoint);
    read_ports(findings, map, endpoint);
    read_path(map, endpoint);
    read_protocol(findings, map, endpoint);
    read_tls(findings, map, endpoint);
    read_enforcement(findings, map, endpoint, options);
    endpoint.access = map.text("access");
    read_allowed_ips(findings, map, endpoint);
    endpoint.allow_encoded_slash = map.flag("allow_encoded_slash", false);
    read_credentials(findings, map, endpoint);
    read_graphql(findings, map, endpoint);
    read_rpc(findings, map, endpoint);
    read_rules(findings, map, endpoint);
    return draft;
}

} // namespace osh::policy
