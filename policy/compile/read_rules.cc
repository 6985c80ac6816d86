// `rules` and `deny_rules` of an endpoint, and their matchers.

#include "policy/base/text.h"
#include "policy/compile/draft.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// Values and names have "." for a separator in an allow. A deny crosses it: a value that the writer
// of "*" wanted blocked shall not slip through by containing a dot.

char value_separator(RuleSide side)
{
    return side == RuleSide::Allow ? '.' : Glob::kNoSeparator;
}

class RuleReader
{
public:
    RuleReader(Findings& findings, RuleSide side, Protocol protocol)
        : findings_(findings), side_(side), protocol_(protocol)
    {
    }

    L7Rule read(Node const& node);

private:
    Glob glob(Node const& node, char separator);
    Matcher matcher(Node const& node, std::string_view where);
    void read_path(MapReader const& map, L7Rule& rule);
    void read_params(MapReader const& map, L7Rule& rule);
    void read_names(MapReader const& map, L7Rule& rule);

    Findings& findings_;
    RuleSide side_;
    Protocol protocol_;
    bool is_broken_ = false;
};

Glob RuleReader::glob(Node const& node, char separator)
{
    Glob out(node.scalar, separator);
    if (!out.is_valid()) {
        is_broken_ = true;
        findings_.warning(node.span, "broken-glob",
            {fmt::format("this pattern cannot be evaluated: {}", out.error()),
                "every request that meets this endpoint will be denied"});
    }
    return out;
}

Matcher RuleReader::matcher(Node const& node, std::string_view where)
{
    Matcher out;
    char const separator = value_separator(side_);
    if (node.kind == NodeKind::String) {
        out.any.push_back(glob(node, separator));
        return out;
    }
    if (node.kind != NodeKind::Map) {
        findings_.error(node.span, "bad-matcher",
            {fmt::format("{} must be a pattern in text, or {{any: [patterns]}}", where),
                fmt::format("this is {}", describe(node))});
        return out;
    }
    MapReader const map(findings_, node, "matcher", {"any", "glob"});
    Node const* const any = map.find("any");
    Node const* const single = map.find("glob");
    if (any && single)
        findings_.error(map.key_span_of("glob"), "bad-matcher",
            {"a matcher takes either any or glob, not both"});
    if (!any && !single)
        findings_.error(
            node.span, "bad-matcher", {"this matcher says nothing", "expected {any: [patterns]}"});
    if (single && !map.text("glob").empty())
        out.any.push_back(glob(*single, separator));
    for (auto const& item : map.items("any")) {
        if (item.kind == NodeKind::String)
            out.any.push_back(glob(item, separator));
        else
            findings_.error(item.span, "bad-matcher",
                {"each of any must be a pattern in text",
                    fmt::format("this is {}", describe(item))});
    }
    if (any && map.items("any").empty())
        findings_.error(any->span, "bad-matcher", {"any must list at least one pattern"});
    return out;
}

void RuleReader::read_path(MapReader const& map, L7Rule& rule)
{
    std::string const path = map.text("path");
    rule.path = path_pattern(path);
    if (!rule.path.is_absent && !rule.path.is_everything && !rule.path.glob.is_valid())
        static_cast<void>(glob(*map.find("path"), '/'));
}

void RuleReader::read_params(MapReader const& map, L7Rule& rule)
{
    if (Node const* tool = map.find("tool"); tool && tool->kind != NodeKind::Null)
        rule.tool = matcher(*tool, "tool");
    for (auto const& entry : map.entries("params"))
        if (entry.key == "name") {
            if (rule.tool)
                findings_.error(entry.key_span, "tool-twice",
                    {"a rule takes either tool or params.name, not both"});
            rule.tool = matcher(entry.value, "params.name");
        }
}

void RuleReader::read_names(MapReader const& map, L7Rule& rule)
{
    rule.operation_type = to_lower_ascii(map.text("operation_type"));
    std::string const name = map.text("operation_name");
    if (!name.empty())
        rule.operation_name = glob(*map.find("operation_name"), value_separator(side_));
    for (auto const& item : map.items("fields"))
        if (item.kind == NodeKind::String)
            rule.fields.push_back(glob(item, value_separator(side_)));
    static_cast<void>(map.texts("fields")); // reports what is no text
}

L7Rule RuleReader::read(Node const& node)
{
    L7Rule rule;
    MapReader const map(findings_, node, side_ == RuleSide::Allow ? "allow rule" : "deny rule",
        {"method", "path", "command", "query", "operation_type", "operation_name", "fields", "tool",
            "params", "git"});
    if (!map.is_map())
        return rule;
    rule.line = findings_.line_of(node.span);
    rule.method = map.text("method");
    rule.command = map.text("command");
    read_path(map, rule);
    for (auto const& entry : map.entries("query"))
        rule.query.push_back({entry.key, matcher(entry.value, "a query matcher")});
    read_names(map, rule);
    read_params(map, rule);
    if (Node const* git = map.find("git"); git && git->kind != NodeKind::Null)
        is_broken_ = !read_git_rule(findings_, *git, side_, rule.git.emplace()) || is_broken_;
    if (protocol_ == Protocol::Mcp && !rule.method.empty())
        rule.rpc_method = glob(*map.find("method"), '.');
    rule.is_broken = is_broken_;
    return rule;
}

} // namespace

void read_rules(Findings& findings, MapReader const& map, Endpoint& endpoint)
{
    for (auto const& item : map.items("rules")) {
        MapReader const wrapper(findings, item, "rule", {"allow"});
        if (!wrapper.is_map())
            continue;
        Node const* const allow = wrapper.find("allow");
        if (!allow) {
            findings.error(item.span, "missing-allow",
                {"a rule needs allow", "expected \"- allow: { method: GET, path: /x }\""});
            continue;
        }
        endpoint.rules.push_back(
            RuleReader(findings, RuleSide::Allow, endpoint.protocol).read(*allow));
    }
    for (auto const& item : map.items("deny_rules"))
        endpoint.deny_rules.push_back(
            RuleReader(findings, RuleSide::Deny, endpoint.protocol).read(item));
    auto const broken = [](L7Rule const& rule) { return rule.is_broken; };
    endpoint.has_broken_rule = std::ranges::any_of(endpoint.rules, broken)
                               || std::ranges::any_of(endpoint.deny_rules, broken);
}

} // namespace osh::policy
