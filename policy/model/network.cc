#include "policy/model/network.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::policy
{

std::string_view name_of(Protocol protocol)
{
    switch (protocol) {
    case Protocol::None: return "";
    case Protocol::Tcp: return "tcp";
    case Protocol::Rest: return "rest";
    case Protocol::WebSocket: return "websocket";
    case Protocol::GraphQl: return "graphql";
    case Protocol::Sql: return "sql";
    case Protocol::JsonRpc: return "json-rpc";
    case Protocol::Mcp: return "mcp";
    }
    return "";
}

bool is_inspected(Protocol protocol)
{
    return protocol != Protocol::None && protocol != Protocol::Tcp && protocol != Protocol::Sql;
}

bool is_json_rpc_family(Protocol protocol)
{
    return protocol == Protocol::JsonRpc || protocol == Protocol::Mcp;
}

bool Matcher::matches(std::string_view value) const
{
    return std::ranges::any_of(any, [&](Glob const& glob) { return glob.matches(value); });
}

bool Matcher::is_valid() const
{
    return std::ranges::all_of(any, [](Glob const& glob) { return glob.is_valid(); });
}

bool PathPattern::matches(std::string_view canonical_path) const
{
    return !is_absent && (is_everything || glob.matches(canonical_path));
}

PathPattern path_pattern(std::string_view text)
{
    PathPattern out;
    out.is_absent = text.empty();
    out.is_everything = text == "**";
    if (!out.is_absent && !out.is_everything)
        out.glob = Glob(text, '/');
    return out;
}

bool Endpoint::has_git_rules() const
{
    auto const is_git = [](L7Rule const& rule) { return rule.git.has_value(); };
    return std::ranges::any_of(rules, is_git) || std::ranges::any_of(deny_rules, is_git);
}

bool Endpoint::has_graphql_policy() const
{
    auto is_graphql = [](L7Rule const& rule) {
        return !rule.operation_type.empty() || rule.operation_name || !rule.fields.empty();
    };
    return protocol == Protocol::GraphQl || !registered_queries.empty()
           || persisted_queries == PersistedQueries::AllowRegistered
           || std::ranges::any_of(rules, is_graphql) || std::ranges::any_of(deny_rules, is_graphql);
}

bool Endpoint::selects_path(std::string_view canonical_path) const
{
    if (path.empty() || path == "**" || path == "/**")
        return true;
    if (path.ends_with("/**") && path.find_first_of("*?[{\\") == path.size() - 2) {
        std::string_view const root = std::string_view(path).substr(0, path.size() - 3);
        return canonical_path == root
               || (canonical_path.starts_with(root) && canonical_path[root.size()] == '/');
    }
    return path_selector.matches(canonical_path);
}

bool Endpoint::is_exact_host(std::string_view lower_host) const
{
    return !has_wildcard && !host.empty() && equals_ignoring_case(host, lower_host);
}

bool Middleware::selects(std::string_view lower_host) const
{
    auto const covers = [&](Glob const& pattern) { return pattern.matches(lower_host); };
    return std::ranges::any_of(include_globs, covers)
           && std::ranges::none_of(exclude_globs, covers);
}

bool BinaryPattern::matches(std::string_view binary) const
{
    if (is_everything)
        return true;
    return has_wildcard ? glob.matches(binary) : !binary.empty() && path == binary;
}

} // namespace osh::policy
