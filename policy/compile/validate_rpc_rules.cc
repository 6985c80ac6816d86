// Rules of json-rpc and mcp endpoints: what can be matched there, and what would contradict itself.

#include "policy/base/text.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

bool has_wildcard(std::string_view text)
{
    return text.find_first_of("*?[]{}") != std::string_view::npos;
}

bool matcher_has_wildcard(Node const& node)
{
    if (node.kind == NodeKind::String)
        return has_wildcard(node.scalar);
    Node const* const any = node.find("any");
    Node const* const single = node.find("glob");
    return (single && has_wildcard(single->scalar))
           || (any && std::ranges::any_of(any->items, [](Node const& item) {
                  return has_wildcard(item.scalar);
              }));
}

Node const* written(Node const& rule, std::string_view key)
{
    Node const* const value = rule.find(key);
    return value && value->kind != NodeKind::Null ? value : nullptr;
}

Node const* tool_of(Node const& rule)
{
    if (Node const* tool = written(rule, "tool"))
        return tool;
    Node const* const params = written(rule, "params");
    return params ? written(*params, "name") : nullptr;
}

std::string method_of(Node const& rule)
{
    Node const* const method = rule.find("method");
    return method ? method->scalar : "";
}

class RpcRuleCheck
{
public:
    RpcRuleCheck(EndpointDraft const& draft, Node const& rule)
        : endpoint_(draft.endpoint), rule_(rule), findings_(*draft.findings)
    {
    }

    void run()
    {
        if (endpoint_.protocol == Protocol::JsonRpc)
            check_json_rpc();
        else
            check_mcp();
        refuse_http_fields();
    }

    bool covers_every_tool() const
    {
        std::string const method = method_of(rule_);
        if (tool_of(rule_))
            return false;
        return method == "*" || Glob(method, '.').matches("tools/call");
    }
    bool has_no_method() const { return method_of(rule_).empty() && !tool_of(rule_); }

private:
    Span method_span() const
    {
        Node const* const method = rule_.find("method");
        return method ? method->span : rule_.span;
    }

    void check_json_rpc();
    void check_mcp();
    void check_mcp_method(std::string const& method);
    void refuse_http_fields();

    Endpoint const& endpoint_;
    Node const& rule_;
    Findings& findings_;
};

void RpcRuleCheck::check_json_rpc()
{
    std::string const method = method_of(rule_);
    if (method.empty())
        findings_.error(method_span(), "missing-method",
            {"a json-rpc rule needs a method", "or \"*\" for all"});
    else if (method != "*" && has_wildcard(method))
        findings_.error(method_span(), "method-pattern",
            {"a json-rpc method is a whole name or \"*\"", "patterns are not supported here"});
    for (std::string_view key : {"tool", "params"})
        if (Node const* value = written(rule_, key))
            findings_.error(
                value->span, "mcp-only", {fmt::format("{} needs \"protocol: mcp\"", key)});
}

void RpcRuleCheck::check_mcp_method(std::string const& method)
{
    if (has_wildcard(method) && !method.starts_with("tools/"))
        findings_.error(method_span(), "method-pattern",
            {"patterns are allowed only in the tools/ family of MCP methods",
                "write the method out, or use mcp: { allow_all_known_mcp_methods: true }"});
    if (method.empty() && !endpoint_.allow_all_known_mcp_methods)
        findings_.error(
            method_span(), "missing-method", {"an mcp rule needs a method", "such as tools/call"});
    if (tool_of(rule_) && !method.empty() && method != "tools/call")
        findings_.error(method_span(), "tool-without-call",
            {fmt::format("a tool can only be matched with method tools/call, not {}",
                in_quotes(method, 40))});
}

void RpcRuleCheck::check_mcp()
{
    check_mcp_method(method_of(rule_));
    if (Node const* tool = tool_of(rule_);
        tool && !endpoint_.strict_tool_names && matcher_has_wildcard(*tool))
        findings_.error(tool->span, "tool-pattern",
            {"tool patterns need strict_tool_names", "write the names out"});
    if (Node const* params = written(rule_, "params"))
        for (auto const& entry : params->entries)
            if (entry.key != "name")
                findings_.error(entry.key_span, "tool-argument",
                    {"only params.name can be matched, not the arguments of a tool"});
}

void RpcRuleCheck::refuse_http_fields()
{
    for (std::string_view key : {"path", "query"}) {
        Node const* const value = rule_.find(key);
        if (value && (!value->scalar.empty() || !value->entries.empty()))
            findings_.error(value->span, "http-field",
                {fmt::format("protocol {} is judged by method, not by {}",
                    name_of(endpoint_.protocol), key)});
    }
}

// A rule for one tool beside a rule for every tool: the narrow one would mean nothing.
void check_conflicts(EndpointDraft const& draft, std::vector<Node const*> const& allows,
    std::vector<Node const*> const& denies)
{
    bool const has_tools =
        std::ranges::any_of(allows, [](Node const* rule) { return tool_of(*rule) != nullptr; });
    if (draft.endpoint.protocol != Protocol::Mcp || !has_tools)
        return;
    for (Node const* rule : allows) {
        RpcRuleCheck const check(draft, *rule);
        if (check.covers_every_tool()
            || (check.has_no_method() && draft.endpoint.allow_all_known_mcp_methods))
            draft.findings->error(rule->span, "tool-conflict",
                {"this rule allows every tool, so the rules for single tools mean nothing",
                    "give it a tool, or remove the others"});
    }
    for (Node const* rule : denies)
        if (!method_of(*rule).empty() && RpcRuleCheck(draft, *rule).covers_every_tool())
            draft.findings->error(rule->span, "tool-conflict",
                {"this rule denies every tool, so the rules that allow single tools mean nothing",
                    "give it a tool, or remove the others"});
}

} // namespace

void validate_rpc_rules(EndpointDraft const& draft)
{
    if (!is_json_rpc_family(draft.endpoint.protocol))
        return;
    std::vector<Node const*> allows;
    std::vector<Node const*> denies;
    if (Node const* rules = draft.node->find("rules"))
        for (auto const& item : rules->items)
            if (Node const* allow = item.find("allow"))
                allows.push_back(allow);
    if (Node const* rules = draft.node->find("deny_rules"))
        for (auto const& item : rules->items)
            denies.push_back(&item);
    for (Node const* rule : allows)
        RpcRuleCheck(draft, *rule).run();
    for (Node const* rule : denies)
        RpcRuleCheck(draft, *rule).run();
    check_conflicts(draft, allows, denies);
}

} // namespace osh::policy
