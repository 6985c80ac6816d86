// `access` in words of rules. read-write has no DELETE; json-rpc and mcp have no presets.

#include "policy/compile/draft.h"

#include <initializer_list>

namespace osh::policy
{
namespace
{

using Words = std::initializer_list<std::string_view>;

void add_methods(Endpoint& endpoint, Words methods)
{
    for (auto method : methods) {
        L7Rule rule;
        rule.method = method;
        rule.path = path_pattern("**");
        rule.is_preset = true;
        rule.line = endpoint.line;
        endpoint.rules.push_back(std::move(rule));
    }
}

void add_operations(Endpoint& endpoint, Words types)
{
    for (auto type : types) {
        L7Rule rule;
        rule.operation_type = type;
        rule.is_preset = true;
        rule.line = endpoint.line;
        endpoint.rules.push_back(std::move(rule));
    }
}

void expand_graphql(Endpoint& endpoint)
{
    if (endpoint.access == "read-only")
        add_operations(endpoint, {"query"});
    else if (endpoint.access == "read-write")
        add_operations(endpoint, {"query", "mutation"});
    else if (endpoint.access == "full")
        add_operations(endpoint, {"*"});
}

void expand_websocket(Endpoint& endpoint)
{
    if (endpoint.access == "read-only")
        add_methods(endpoint, {"GET"});
    else if (endpoint.access == "read-write")
        add_methods(endpoint, {"GET", "WEBSOCKET_TEXT"});
    else if (endpoint.access == "full")
        add_methods(endpoint, {"*"});
}

void expand_rest(Endpoint& endpoint)
{
    if (endpoint.access == "read-only")
        add_methods(endpoint, {"GET", "HEAD", "OPTIONS"});
    else if (endpoint.access == "read-write")
        add_methods(endpoint, {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"});
    else if (endpoint.access == "full")
        add_methods(endpoint, {"*"});
}

} // namespace

void expand_access(Endpoint& endpoint)
{
    if (!endpoint.rules.empty() || endpoint.access.empty())
        return;
    switch (endpoint.protocol) {
    case Protocol::GraphQl: return expand_graphql(endpoint);
    case Protocol::WebSocket: return expand_websocket(endpoint);
    case Protocol::Rest: return expand_rest(endpoint);
    case Protocol::None:
    case Protocol::Tcp:
    case Protocol::Sql:
    case Protocol::JsonRpc:
    case Protocol::Mcp: return;
    }
}

} // namespace osh::policy
