// One request from the agent: lines are protocol, method, path, query, Content-Type and
// Content-Encoding; the rest is the body. What is allowed must be allowed in its other reading too.
#include "netproxy/core/two_readings.h"
#include "policy/base/text.h"
#include "policy/evaluate/evaluate.h"

#include <algorithm>
#include <array>
#include <cstdlib>

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
    std::array<std::string_view, 6> lines;
    for (auto& line : lines) {
        std::size_t const end = std::min(rest.find('\n'), rest.size());
        line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    std::array<policy::Header, 3> const headers{policy::Header{"accept", "text/event-stream"},
        policy::Header{"content-type", lines[4]}, policy::Header{"content-encoding", lines[5]}};
    std::string parted(lines[3]);
    std::ranges::replace(parted, ';', '&');
    for (std::string_view host : {"r", "g", "j", "m", "w"}) {
        std::string const name = std::string(host) + ".example.com";
        policy::RequestQuestion question;
        question.connection.host = name;
        question.connection.port = 443;
        question.protocol = lines[0];
        question.method = lines[1];
        question.path = lines[2];
        question.query = lines[3];
        question.headers = std::span(headers).first(lines[5].empty() ? 2 : 3);
        question.body = rest;
        auto verdict = netproxy::core::evaluate_both_readings(*compiled, question);
        question.query = parted;
        if (evaluate(*compiled, question).decision < verdict.decision)
            std::abort();
        netproxy::core::refuse_odd_path(verdict, verdict.canonical_path);
    }
    return 0;
}
