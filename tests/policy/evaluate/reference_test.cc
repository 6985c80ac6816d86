// The reference of OpenShell's schema as a table: one endpoint, or one whole document, and whether
// it is refused, or what GET https://api.example.com/x then meets. Rows follow the order of the
// reference: ports, hosts, protocols, rules, matchers, sections.

#include "policy/evaluate/evaluate.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

struct Row {
    std::string_view text;
    std::string_view expected; // "invalid", or a decision
};

// clang-format off
constexpr Row kEndpoints[] = {
    {"{ host: api.example.com, port: 443, protocol: REST, access: full, enforcement: enforce }", "allow"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: \"\" }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, rules: [{allow: {method: GET, path: /}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, rules: [] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{deny: {method: GET}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /x, extra: 1}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, deny_rules: [{allow: {method: GET}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, deny_rules: [{method: GET, path: /x}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, deny_rules: [{method: GET, path: /x}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, access: full }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, enforcement: enforce }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, path: /x }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, mcp: {} }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, persisted_queries: deny }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: tcp, allow_encoded_slash: false }", "allow"},
    {"{ host: 10.0.0.1, port: 443, protocol: tcp }", "invalid"},
    {"{ host: \"::1\", port: 443, protocol: tcp }", "invalid"},
    {"{ host: \"a b.example.com\", port: 443, protocol: tcp }", "invalid"},
    {"{ port: 443, protocol: tcp, allowed_ips: [10.0.0.1] }", "invalid"},
    {"{ port: 443 }", "invalid"},
    {"{ host: api.example.com }", "invalid"},
    {"{ host: api.example.com, port: 0 }", "invalid"},
    {"{ host: api.example.com, port: -1 }", "invalid"},
    {"{ host: api.example.com, port: 65536 }", "invalid"},
    {"{ host: api.example.com, port: \"443\" }", "invalid"},
    {"{ host: api.example.com, port: 443.0 }", "invalid"},
    {"{ host: api.example.com, ports: [443, 0] }", "invalid"},
    {"{ host: api.example.com, port: 80, ports: [443] }", "allow"},
    {"{ host: api.example.com, ports: 443 }", "invalid"},
    {"{ host: api.example.com, port: 443, ports: [] }", "allow"},
    {"{ host: \"*\", port: 443 }", "invalid"},
    {"{ host: \"*.com\", port: 443 }", "invalid"},
    {"{ host: \"**.com\", port: 443 }", "invalid"},
    {"{ host: \"api.*\", port: 443 }", "invalid"},
    {"{ host: \"a.ex*.com\", port: 443 }", "invalid"},
    {"{ host: \"a.**.com\", port: 443 }", "invalid"},
    {"{ host: \"**a.example.com\", port: 443 }", "invalid"},
    {"{ host: \"*.example.com\", port: 443 }", "allow"},
    {"{ host: \"a*i.example.com\", port: 443 }", "allow"},
    {"{ host: \"API.Example.com\", port: 443 }", "allow"},
    {"{ host: 5, port: 443 }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: graphql, rules: [{allow: {operation_type: delete}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: graphql, rules: [{allow: {operation_type: Query}}], enforcement: enforce }", "deny"},
    {"{ host: api.example.com, port: 443, protocol: graphql, rules: [{allow: {method: POST, path: /graphql}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: graphql, access: full, persisted_queries: maybe }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: sql, access: full, enforcement: enforce }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: sql, access: full }", "allow"},
    {"{ host: api.example.com, port: 443, protocol: sql }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: json-rpc, access: full }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, access: full }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: json-rpc, rules: [{allow: {method: \"a.*\"}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: json-rpc, rules: [{allow: {method: a, params: {x: y}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {method: \"*\"}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {method: \"tools/*\"}}] , enforcement: enforce }", "deny"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {method: tools/list, tool: x}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {tool: x}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, mcp: {strict_tool_names: false}, rules: [{allow: {method: tools/call, tool: \"r*\"}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {method: tools/call}}, {allow: {method: tools/call, tool: a}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, rules: [{allow: {method: tools/call, params: {arguments: x}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, mcp: {} }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: mcp, mcp: {bogus: 1}, rules: [{allow: {method: ping}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, path: x }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, path: \"**\", enforcement: enforce }", "allow"},
    {"{ host: api.example.com, port: 443, protocol: rest, access: full, path: \"*\" }", "invalid"},
    {"{ host: api.example.com, port: 443, credential_signing: sigv4 }", "invalid"},
    {"{ host: api.example.com, port: 443, credential_signing: sigv4, signing_service: s3 }", "allow"},
    {"{ host: api.example.com, port: 443, credential_signing: SIGV4, signing_service: s3 }", "invalid"},
    {"{ host: api.example.com, port: 443, credential_signing: \"sigv4:body\", signing_service: s3, request_body_credential_rewrite: true }", "invalid"},
    {"{ host: api.example.com, port: 443, credential_binding: {provider: x} }", "allow"},
    {"{ host: api.example.com, port: 443, credential_binding: {} }", "invalid"},
    {"{ host: api.example.com, port: 443, provider_credentialed: true }", "invalid"},
    {"{ host: api.example.com, port: 443, advisor_proposed: true }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /x, query: {a: {any: []}}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /x, query: {a: {all: [b]}}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /x, query: {a: 5}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, protocol: rest, rules: [{allow: {method: GET, path: /x, query: {a: {any: [5]}}}}] }", "invalid"},
    {"{ host: api.example.com, port: 443, tls: SKIP }", "allow"},
    {"{ host: api.example.com, port: 443, protocol: http }", "invalid"},
    {"{ host: api.example.com, port: 443, allowed_ips: [\"10.0.0.0/8\"] }", "deny"},
    {"{ host: api.example.com, port: 443, graphql_max_body_bytes: -1 }", "invalid"},
};

constexpr Row kDocuments[] = {
    {"version: 2\nnetwork_policies: {}\n", "deny"},
    {"version: \"1\"\nnetwork_policies: {}\n", "invalid"},
    {"version: 1.0\nnetwork_policies: {}\n", "invalid"},
    {"version: -1\nnetwork_policies: {}\n", "invalid"},
    {"network_policies: {}\n", "invalid"},
    {"", "invalid"},
    {"[]", "invalid"},
    {"version: 1\n", "deny"},
    {"version: 1\nnetwork_policies:\n", "deny"},
    {"version: 1\nfilesystem_policy: {read_write: [\"/\"]}", "invalid"},
    {"version: 1\nfilesystem_policy: {read_only: [\"/\"]}", "deny"},
    {"version: 1\nfilesystem_policy: {read_write: [\"//\"]}", "invalid"},
    {"version: 1\nfilesystem_policy: {read_only: [a]}", "invalid"},
    {"version: 1\nfilesystem_policy: {read_only: [/a/../b]}", "invalid"},
    {"version: 1\nfilesystem_policy: {read_only: [/a/..b]}", "deny"},
    {"version: 1\nfilesystem: {}", "invalid"},
    {"version: 1\nprocess: {run_as_user: root}", "invalid"},
    {"version: 1\nprocess: {run_as_user: \"1000\"}", "deny"},
    {"version: 1\nprocess: {run_as_user: \"4294967295\"}", "invalid"},
    {"version: 1\nprocess: {run_as_user: nobody}", "invalid"},
    {"version: 1\nprocess: {run_as_group: \"0\"}", "invalid"},
    {"version: 1\nlandlock: {compatibility: hard_requirement}", "deny"},
    {"version: 1\nnetwork_policies: {_provider_x: {endpoints: []}}", "invalid"},
    {"version: 1\nnetwork_policies: {p: {endpoints: [], binaries: [], comment: x}}", "invalid"},
    {"version: 1\nnetwork_policies: {p: {binaries: [{path: 5}]}}", "invalid"},
    {"version: 1\nnetwork_policies: {p: {binaries: [/usr/bin/curl]}}", "invalid"},
    {"version: 1\nnetwork_policies: {p: {binaries: [{}]}}", "invalid"},
    {"version: 1\n---\nversion: 1\n", "invalid"},
    {"version: 1\nnetwork_middlewares: {a: {middleware: openshell/regex, order: 1, endpoints: {include: [api.example.com]}}}", "deny"},
    {"version: 1\nnetwork_middlewares: {a: {middleware: openshell/regex, order: 1, endpoints: {include: [a.b.c]}}, b: {middleware: openshell/regex, order: 1, endpoints: {include: [a.b.c]}}}", "invalid"},
    {"version: 1\nnetwork_middlewares: {a: {middleware: openshell/regex, order: 1, on_error: maybe, endpoints: {include: [a.b.c]}}}", "invalid"},
    {"version: 1\nnetwork_middlewares: {a: {middleware: openshell/regex, order: 1.5, endpoints: {include: [a.b.c]}}}", "invalid"},
    {"version: 1\nnetwork_middlewares: {a: {middleware: openshell/regex, order: 99999999999, endpoints: {include: [a.b.c]}}}", "invalid"},
};
// clang-format on

std::string_view word_of(Decision decision)
{
    return decision == Decision::Allow ? "allow" : decision == Decision::Deny ? "deny" : "audit";
}

// As the gate asks: the connection, then the address, then the request where it is looked into.
std::string_view outcome_of(std::string const& text)
{
    auto const compiled = compile_policy({{"p.yaml", text, ""}});
    if (!compiled.policy)
        return "invalid";
    ConnectQuestion const connection{{"/usr/bin/curl", {}}, "api.example.com", 443};
    auto const admitted = evaluate(*compiled.policy, connection);
    if (admitted.verdict.decision != Decision::Allow)
        return word_of(admitted.verdict.decision);
    auto const address = check_address(
        *compiled.policy, connection, IpAddress::parse("93.184.215.14").value_or(IpAddress{}));
    if (address.decision != Decision::Allow || admitted.inspection == Inspection::Splice)
        return word_of(address.decision);
    return word_of(
        evaluate(*compiled.policy, RequestQuestion{connection, "rest", "GET", "/x", ""}).decision);
}

TEST(Reference, EveryEndpointFieldMeansWhatItSays)
{
    for (auto const& row : kEndpoints)
        EXPECT_EQ(outcome_of("version: 1\nnetwork_policies:\n  p:\n    endpoints:\n      - "
                             + std::string(row.text) + "\n    binaries: [{path: /usr/bin/curl}]\n"),
            row.expected)
            << row.text;
}

TEST(Reference, EverySectionOfADocumentIsValidated)
{
    for (auto const& row : kDocuments)
        EXPECT_EQ(outcome_of(std::string(row.text)), row.expected) << row.text;
}

} // namespace
} // namespace osh::policy
