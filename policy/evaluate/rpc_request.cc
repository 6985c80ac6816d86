#include "policy/evaluate/rpc_request.h"

#include "policy/evaluate/json_body.h"

#include <algorithm>
#include <array>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMostCalls = 100; // in one batch
constexpr std::size_t kLongestToolName = 128;
constexpr std::string_view kToolCall = "tools/call";
constexpr std::array<std::string_view, 1> kToolKeys{"name"};

// Methods a client may send, MCP 2025-06-18 and the tasks of 2025-11-25.
constexpr std::string_view kKnownMcpMethods[] = {"initialize", "ping", "notifications/initialized",
    "notifications/cancelled", "notifications/progress", "notifications/roots/list_changed",
    "tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read",
    "resources/subscribe", "resources/unsubscribe", "prompts/list", "prompts/get",
    "completion/complete", "logging/setLevel", "tasks/list", "tasks/get", "tasks/result",
    "tasks/cancel", "notifications/tasks/status"};

Result<> check_response(JsonValue const& value)
{
    using Kind = JsonValue::Kind;
    JsonValue const* const error = value.find("error");
    JsonValue const* const id = value.find("id");
    if (error && value.find("result"))
        return fail(Errc::Malformed, "a JSON-RPC response has both result and error");
    if (!id || (id->kind != Kind::String && id->kind != Kind::Number && id->kind != Kind::Null))
        return fail(Errc::Malformed, "a JSON-RPC response has no usable id");
    if (error && !error->is_object())
        return fail(Errc::Malformed, "the error of a JSON-RPC response must be an object");
    return {};
}

Result<> add_message(JsonValue const& value, RpcBody& body)
{
    TRY(check_spelling(value, kRpcKeys));
    std::string const* const version = value.find_text("jsonrpc");
    if (!version || *version != "2.0")
        return fail(Errc::Malformed, "the message is not JSON-RPC 2.0");
    JsonValue const* const method = value.find("method");
    bool const is_response = value.find("result") || value.find("error");
    if (method && is_response)
        return fail(Errc::Malformed, "a JSON-RPC message is both a call and a response");
    if (is_response) {
        TRY(check_response(value));
        body.has_response = true;
        return {};
    }
    if (!method || method->kind != JsonValue::Kind::String)
        return fail(Errc::Malformed, "a JSON-RPC message has no method");
    RpcCall call{method->text, {}};
    JsonValue const* const params = value.find("params");
    if (params && call.method == kToolCall)
        TRY(check_spelling(*params, kToolKeys));
    if (std::string const* name = params ? params->find_text("name") : nullptr)
        call.tool = *name;
    body.calls.push_back(std::move(call));
    return {};
}

bool is_tool_name(std::string_view name)
{
    auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '_' || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= kLongestToolName && std::ranges::all_of(name, is_fine);
}

bool matches_mcp(Endpoint const& endpoint, L7Rule const& rule, RpcCall const& call)
{
    if (rule.tool)
        return call.method == kToolCall && rule.tool->matches(call.tool);
    if (rule.method.empty())
        return endpoint.allow_all_known_mcp_methods
               && std::ranges::find(kKnownMcpMethods, call.method) != std::end(kKnownMcpMethods);
    return rule.rpc_method.matches(call.method);
}

bool matches(Endpoint const& endpoint, L7Rule const& rule, RpcCall const& call)
{
    if (endpoint.protocol == Protocol::Mcp)
        return matches_mcp(endpoint, rule, call);
    return rule.method == "*" || (!rule.method.empty() && rule.method == call.method);
}

// The method profile allows every known method; rules for single tools narrow it.
bool profile_allows(Endpoint const& endpoint, RpcCall const& call)
{
    if (!endpoint.allow_all_known_mcp_methods || endpoint.protocol != Protocol::Mcp)
        return false;
    bool const is_narrowed = call.method == kToolCall
                             && std::ranges::any_of(endpoint.rules,
                                 [](L7Rule const& rule) { return rule.tool.has_value(); });
    return !is_narrowed
           && std::ranges::find(kKnownMcpMethods, call.method) != std::end(kKnownMcpMethods);
}

} // namespace

Result<RpcBody> parse_rpc(std::string_view text)
{
    LET(value, parse_json(text));
    RpcBody body;
    if (value.kind != JsonValue::Kind::Array) {
        TRY(add_message(value, body));
        return body;
    }
    if (value.items.empty())
        return fail(Errc::Malformed, "the JSON-RPC batch is empty");
    if (value.items.size() > kMostCalls)
        return fail(Errc::TooLarge, "the JSON-RPC batch is too long");
    for (auto const& item : value.items)
        TRY(add_message(item, body));
    return body;
}

Result<> check_mcp_calls(Endpoint const& endpoint, RpcBody const& body)
{
    for (auto const& call : body.calls) {
        if (call.method != kToolCall)
            continue;
        if (call.tool.empty())
            return fail(Errc::Malformed, "tools/call does not name a tool");
        if (endpoint.strict_tool_names && !is_tool_name(call.tool))
            return fail(Errc::Malformed, "the tool name has characters that MCP does not permit");
    }
    return {};
}

bool allows_rpc(Endpoint const& endpoint, RpcCall const& call)
{
    return profile_allows(endpoint, call)
           || std::ranges::any_of(
               endpoint.rules, [&](L7Rule const& rule) { return matches(endpoint, rule, call); });
}

L7Rule const* denying_rpc_rule(Endpoint const& endpoint, RpcCall const& call)
{
    for (auto const& rule : endpoint.deny_rules)
        if (matches(endpoint, rule, call))
            return &rule;
    return nullptr;
}

} // namespace osh::policy
