// One request from the agent: lines are protocol, method, path, query; the rest is the body.
#include "policy/base/text.h"
#include "policy/evaluate/evaluate.h"

#include <array>

namespace
{

constexpr std::string_view kPolicy = R"(version: 1
network_policies:
  all:
    endpoints:
      - { host: r.example.com, port: 443, protocol: rest, allow_encoded_slash: true, enforcement: enforce, access: full, deny_rules: [ { path: "/a/**", query: { q: "x*" } } ] }
      - { host: g.example.com, port: 443, protocol: graphql, enforcement: enforce, rules: [ { allow: { operation_type: query, fields: ["a*"] } } ] }
      - { host: j.example.com, port: 443, protocol: json-rpc, enforcement: enforce, rules: [ { allow: { method: "*" } } ] }
      - { host: m.example.com, port: 443, protocol: mcp, enforcement: enforce, rules: [ { allow: { method: tools/call, tool: "r*" } } ] }
      - { host: w.example.com, port: 443, protocol: websocket, enforcement: enforce, rules: [ { allow: { method: GET, path: "/**" } }, { allow: { operation_type: query } } ] }
    binaries: [ { path: "**" } ]
)";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    static auto const compiled =
        policy::compile_policy({{"fuzz.yaml", std::string(kPolicy), ""}}).policy;
    std::string_view rest(static_cast<char const*>(static_cast<void const*>(data)), size);
    std::array<std::string_view, 4> lines;
    for (auto& line : lines) {
        std::size_t const end = std::min(rest.find('\n'), rest.size());
        line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    policy::Header const accept{"accept", "text/event-stream"};
    for (std::string_view host : {"r", "g", "j", "m", "w"}) {
        std::string const name = std::string(host) + ".example.com";
        policy::RequestQuestion question;
        question.connection.host = name;
        question.connection.port = 443;
        question.protocol = lines[0];
        question.method = lines[1];
        question.path = lines[2];
        question.query = lines[3];
        question.headers = {&accept, 1};
        question.body = rest;
        static_cast<void>(evaluate(*compiled, question));
    }
    return 0;
}
