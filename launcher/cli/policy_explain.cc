// `osh policy explain`: the decision about one request, and each single change of the request that
// would be allowed. Near misses are found by asking the evaluator again, so they cannot be wrong.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_near.h"
#include "launcher/cli/policy_request.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy explain",
        "FILE --host HOST [--port N] [--binary PATH] [--method M] [--path P]",
        "What the policy does with a request, which rule decides, and which single change of the "
        "request would be allowed.",
        {{"--host", "HOST", "where to"}, {"--port", "N", "443 unless given"},
            {"--binary", "PATH", "the program that asks"},
            {"--ancestor", "PATH", "a parent of it, nearest first (repeatable)"},
            {"--address", "IP", "what the name resolves to (repeatable)"},
            {"--method", "METHOD", "of the request"}, {"--path", "PATH", "of the request"},
            {"--query", "TEXT", "of the request"},
            {"--protocol", "NAME", "rest, websocket, graphql, json-rpc or mcp"},
            {"--body", "TEXT", "of the request"},
            {"--push", "REF", "of a push: new; +REF moved, :REF deleted (repeatable)"},
            {"--json", "", "one JSON object"}},
        Positionals::Intermixed};
    return options;
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
    request.ancestors = options.all("ancestor");
    if (options.has("address"))
        request.resolved_ips = options.all("address");
    request.path = options.last("path", "/");
    request.query = options.last("query");
    request.protocol = options.last("protocol", "rest");
    request.body = options.last("body");
    request.push = options.all("push");
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
