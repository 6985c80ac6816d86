// `osh policy explain`: the decision about one request, and each single change of the request that
// would be allowed. Near misses are found by asking the evaluator again, so they cannot be wrong.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_request.h"
#include "policy/base/text.h"
#include "policy/compile/network_index.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace osh::cli
{
namespace
{

constexpr std::size_t kMostMisses = 8;

OptionTable const& table()
{
    static OptionTable const options{"policy explain",
        "FILE --host HOST [--port N] [--binary PATH] [--method M] [--path P]",
        "What the policy does with a request, which rule decides, and which single change of the "
        "request would be allowed.",
        {{"--host", "HOST", "where to"}, {"--port", "N", "443 unless given"},
            {"--binary", "PATH", "the program that asks"}, {"--method", "METHOD", "of the request"},
            {"--path", "PATH", "of the request"}, {"--query", "TEXT", "of the request"},
            {"--protocol", "NAME", "rest, websocket, graphql, json-rpc or mcp"},
            {"--body", "TEXT", "of the request"}, {"--json", "", "one JSON object"}},
        Positionals::Intermixed};
    return options;
}

bool is_allowed(policy::Policy const& policy, TestRequest const& request)
{
    return decide(policy, request).decision == policy::Decision::Allow;
}

std::vector<std::string> near_misses(policy::Policy const& policy, TestRequest const& request)
{
    std::set<std::string> out;
    auto const try_one = [&](TestRequest const& changed, std::string words) {
        if (out.size() < kMostMisses && is_allowed(policy, changed))
            out.insert(std::move(words));
    };
    for (auto const& entry : policy.network->entries())
        for (auto const& binary : entry.binaries) {
            TestRequest changed = request;
            changed.binary = binary.path;
            if (!binary.has_wildcard)
                try_one(
                    changed, fmt::format("from {} it is allowed  ({}, {}:{})", shown(binary.path),
                                 shown(entry.key), shown(entry.file), entry.line));
        }
    for (auto const& endpoint : policy.network->endpoints())
        for (std::uint16_t port : endpoint.ports) {
            TestRequest changed = request;
            changed.port = port;
            if (port != request.port)
                try_one(changed, fmt::format("on port {} it is allowed", port));
        }
    for (std::string_view method : {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}) {
        TestRequest changed = request;
        changed.method = method;
        if (request.method && !equals_ignoring_case(*request.method, method))
            try_one(changed, fmt::format("with method {} it is allowed", method));
    }
    return {out.begin(), out.end()};
}

Result<TestRequest> request_of(ParsedOptions const& options)
{
    std::string const host = options.last("host");
    if (host.empty())
        return fail(Errc::Invalid, "--host is missing");
    bool const is_v6 = host.find(':') != std::string::npos;
    std::string const place = is_v6 ? "[" + host + "]" : host;
    LET(request, test_request_of_url("https://" + place + ":" + options.last("port", "443")));
    request.binary = options.last("binary");
    request.path = options.last("path", "/");
    request.query = options.last("query");
    request.protocol = options.last("protocol", "rest");
    request.body = options.last("body");
    if (options.has("method") || options.has("path"))
        request.method = options.last("method", "GET");
    return request;
}

void print_text(TestAnswer const& answer, std::vector<std::string> const& misses)
{
    fmt::print("{}\n", word_of(answer.decision));
    if (!answer.verdict.reason.empty())
        fmt::print("  why:  {}\n", answer.verdict.reason);
    auto const& rule = answer.verdict.rule;
    if (rule.line > 0)
        fmt::print("  rule: {} in {}:{}\n", shown(rule.policy), shown(rule.file), rule.line);
    if (!answer.verdict.canonical_path.empty())
        fmt::print("  path: {} (as it was judged)\n", shown(answer.verdict.canonical_path));
    for (auto const& miss : misses)
        fmt::print("  near: {}\n", miss);
}

} // namespace

int policy_explain(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    auto const request = request_of(*options.parsed);
    if (options.parsed->positionals.size() != 1 || !request) {
        fmt::print(stderr, "osh policy explain: {}. See `osh policy explain --help`.\n",
            request ? "expected one policy file" : request.error().sentence);
        return kPolicyUsage;
    }
    auto const compiled = load_policy_file(options.parsed->positionals[0]);
    if (!compiled.policy) {
        fmt::print(stderr, "{}", render(compiled.diagnostics));
        return kPolicyUsage;
    }
    auto const answer = decide(*compiled.policy, *request);
    std::vector<std::string> misses;
    if (answer.decision != policy::Decision::Allow)
        misses = near_misses(*compiled.policy, *request);
    if (!options.parsed->has("json")) {
        print_text(answer, misses);
    } else {
        std::string list;
        for (auto const& miss : misses)
            (list += list.empty() ? "" : ",") += json_quoted(miss);
        std::string const body = answer_json(*request, answer);
        fmt::print("{},\"near\":[{}]}}\n", body.substr(0, body.size() - 1), list);
    }
    return answer.decision == policy::Decision::Deny ? kPolicyNo : kPolicyFine;
}

} // namespace osh::cli
