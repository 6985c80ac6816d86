#pragma once
// JSON-RPC 2.0 over HTTP, and MCP's Streamable HTTP on top of it (specification 2025-06-18): from a
// body to the calls in it.

#include "policy/base/result.h"
#include "policy/model/network.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

inline constexpr std::array<std::string_view, 5> kRpcKeys{
    "jsonrpc", "method", "params", "result", "error"};

struct RpcCall {
    std::string method;
    std::string tool; // params.name of tools/call
};

struct RpcBody {
    std::vector<RpcCall> calls;
    bool has_response = false; // an answer to a request of the server
};

Result<RpcBody> parse_rpc(std::string_view body);
// What MCP asks of its calls beyond JSON-RPC: a tool call names its tool, in permitted characters.
Result<> check_mcp_calls(Endpoint const& endpoint, RpcBody const& body);

bool allows_rpc(Endpoint const& endpoint, RpcCall const& call);
L7Rule const* denying_rpc_rule(Endpoint const& endpoint, RpcCall const& call);

} // namespace osh::policy
