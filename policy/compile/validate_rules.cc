// Rules of rest, websocket, graphql and sql endpoints: GraphQL operations, methods, misplaced keys.

#include "policy/base/text.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// WEBSOCKET_TEXT: a rest endpoint may open sockets too.
constexpr std::array<std::string_view, 9> kHttpMethods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "WEBSOCKET_TEXT", "*"};
constexpr std::array<std::string_view, 3> kWebSocketMethods{"GET", "WEBSOCKET_TEXT", "*"};

bool has_graphql_words(Node const& rule)
{
    auto says = [&](std::string_view key) {
        Node const* value = rule.find(key);
        return value && !value->scalar.empty();
    };
    return says("operation_type") || says("operation_name") || rule.find("fields") != nullptr;
}

class RuleCheck
{
public:
    RuleCheck(EndpointDraft const& draft, Node const& rule, bool is_allow)
        : endpoint_(draft.endpoint), rule_(rule), findings_(*draft.findings), is_allow_(is_allow)
    {
    }

    void run()
    {
        bool const is_graphql =
            endpoint_.protocol == Protocol::GraphQl
            || (endpoint_.protocol == Protocol::WebSocket && has_graphql_words(rule_));
        if (is_graphql)
            check_operation(rule_);
        else if (has_graphql_words(rule_) && endpoint_.protocol != Protocol::None)
            findings_.warning(rule_.span, "ignored-field",
                {"operation_type, operation_name and fields need protocol graphql or websocket"});
        check_websocket();
        check_misplaced();
        check_method();
        check_emptiness();
    }

    void check_operation(Node const& node);

private:
    void check_websocket();
    void check_misplaced();
    void check_method();
    void check_emptiness();

    Endpoint const& endpoint_;
    Node const& rule_;
    Findings& findings_;
    bool is_allow_;
};

void RuleCheck::check_operation(Node const& node)
{
    Node const* const type = node.find("operation_type");
    std::string const word = type ? to_lower_ascii(type->scalar) : "";
    if (word.empty())
        findings_.error(type ? type->span : node.span, "missing-operation-type",
            {"a GraphQL rule needs operation_type", "expected query, mutation or subscription"});
    else if (word != "query" && word != "mutation" && word != "subscription")
        findings_.error(type->span, "bad-operation-type",
            {fmt::format("operation_type cannot be {}", in_quotes(type->scalar, 40)),
                "expected query, mutation or subscription",
                word == "*" ? "for every operation write one rule for each type, or access: full"
                            : ""});
    Node const* const fields = node.find("fields");
    if (fields && fields->kind == NodeKind::List && fields->items.empty())
        findings_.error(fields->span, "empty-list",
            {"fields must not be empty", "leave it out to match every field"});
    if (fields)
        for (auto const& item : fields->items)
            if (item.kind == NodeKind::String && item.scalar.empty())
                findings_.error(item.span, "empty-field", {"a field must not be empty"});
}

void RuleCheck::check_websocket()
{
    if (endpoint_.protocol != Protocol::WebSocket)
        return;
    bool const has_transport = rule_.find("method") || rule_.find("path") || rule_.find("query");
    if (has_graphql_words(rule_) && has_transport)
        findings_.error(rule_.span, "mixed-rule",
            {"one rule cannot judge the handshake and a GraphQL operation",
                "split it: method, path and query in one rule, operation_type in another"});
    Node const* const method = rule_.find("method");
    if (is_allow_ && method && endpoint_.has_graphql_policy()
        && equals_ignoring_case(method->scalar, "WEBSOCKET_TEXT"))
        findings_.error(method->span, "text-and-graphql",
            {"with GraphQL rules client messages are judged by operation_type",
                "remove this rule"});
}

void RuleCheck::check_misplaced()
{
    for (std::string_view key : {"tool", "params"})
        if (Node const* value = rule_.find(key); value && value->kind != NodeKind::Null)
            findings_.error(
                value->span, "mcp-only", {fmt::format("{} needs \"protocol: mcp\"", key)});
    Node const* const command = rule_.find("command");
    if (command && !command->scalar.empty() && endpoint_.protocol != Protocol::Sql)
        findings_.warning(
            command->span, "ignored-field", {"command means nothing without protocol sql"});
}

void RuleCheck::check_method()
{
    Node const* const method = rule_.find("method");
    bool const is_http =
        endpoint_.protocol == Protocol::Rest || endpoint_.protocol == Protocol::WebSocket;
    if (!is_http || !method || method->scalar.empty())
        return;
    auto const known = [&](std::string_view word) {
        return equals_ignoring_case(word, method->scalar);
    };
    bool const is_known = endpoint_.protocol == Protocol::WebSocket
                              ? std::ranges::any_of(kWebSocketMethods, known)
                              : std::ranges::any_of(kHttpMethods, known);
    if (is_known)
        return;
    bool const has_star = method->scalar.find('*') != std::string::npos;
    findings_.warning(method->span, "unknown-method",
        {fmt::format("{} is not a usual method", in_quotes(method->scalar, 40)),
            has_star ? "a method is a whole word or \"*\", never a pattern" : ""});
}

void RuleCheck::check_emptiness()
{
    if (!is_allow_ && rule_.kind == NodeKind::Map && rule_.entries.empty())
        findings_.error(rule_.span, "empty-rule",
            {"this deny rule names nothing", "give it a method, a path, or both"});
}

} // namespace

void validate_rules(EndpointDraft const& draft)
{
    if (is_json_rpc_family(draft.endpoint.protocol) || draft.endpoint.protocol == Protocol::Tcp)
        return;
    if (Node const* rules = draft.node->find("rules"))
        for (auto const& item : rules->items)
            if (Node const* allow = item.find("allow"))
                RuleCheck(draft, *allow, true).run();
    if (Node const* rules = draft.node->find("deny_rules"))
        for (auto const& item : rules->items)
            RuleCheck(draft, item, false).run();
    if (Node const* queries = draft.node->find("graphql_persisted_queries"))
        for (auto const& entry : queries->entries)
            RuleCheck(draft, entry.value, true).check_operation(entry.value);
}

} // namespace osh::policy
