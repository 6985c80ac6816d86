// `osh policy test`: one URL, or one JSON request per line on standard input and one decision per
// line out.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_request.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

constexpr std::size_t kLargestInput = 256 << 20;

OptionTable const& table()
{
    static OptionTable const options{"policy test",
        "FILE|--profile P URL | --policy FILE [URL] [options]",
        "What the policy would do with a request. Without a URL, reads one JSON request per line "
        "from standard input and prints one JSON decision per line.",
        {{"--policy", "FILE", "the policy"}, {"-p,--profile", "NAME", "the policy of this profile"},
            {"--json", "", "answers as JSON lines"},
            {"--method", "METHOD", "GET unless given; \"connect\" asks about the connection only"},
            {"--program", "PATH", "the program that asks"},
            {"--ancestor", "PATH", "a parent of it, nearest first (repeatable)"},
            {"--protocol", "NAME", "rest, websocket, graphql, json-rpc or mcp"},
            {"--body", "TEXT", "the request body"},
            {"--push", "REF", "of a push: new; +REF moved, :REF deleted (repeatable)"},
            {"--address", "IP", "what the name resolves to (repeatable)"}},
        Positionals::Intermixed};
    return options;
}

std::string invalid_policy(policy::CompiledPolicy const& compiled)
{
    return fmt::format("{{\"decision\":\"invalid-policy\",\"diagnostics\":{}}}",
        render_json(compiled.diagnostics));
}

int answer_lines(policy::CompiledPolicy const& compiled)
{
    auto input = sys::open_path("/dev/stdin", 0);
    auto text = input ? sys::read_all(*input, kLargestInput) : Result<std::string>("");
    if (!text) {
        fmt::print(stderr, "osh policy test: {}\n", text.error().sentence);
        return kPolicyUsage;
    }
    if (!compiled.policy) {
        fmt::print("{}\n", invalid_policy(compiled));
        return kPolicyUsage;
    }
    for (auto line : split(*text, '\n')) {
        if (trimmed(line).empty())
            continue;
        auto const request = parse_test_request(line);
        if (request)
            fmt::print("{}\n", answer_json(*request, decide(*compiled.policy, *request)));
        else
            fmt::print(
                "{{\"decision\":\"deny\",\"reason\":{}}}\n", json_quoted(request.error().sentence));
    }
    return kPolicyFine;
}

void take_options(ParsedOptions const& options, TestRequest& request)
{
    std::string const method = options.last("method", "GET");
    if (!equals_ignoring_case(method, "connect"))
        request.method = method;
    request.protocol = options.last("protocol", "rest");
    request.binary = options.last("program");
    request.ancestors = options.all("ancestor");
    request.body = options.last("body");
    request.push = options.all("push");
    if (options.has("address"))
        request.resolved_ips = options.all("address");
}

// What a session does beyond its policy: ask a person, let everything through, reach nothing.
enum class Outcome { AsDecided, Ask, Open, Closed };

Outcome outcome_of(std::optional<policy::Profile> const& profile, TestAnswer const& answer)
{
    if (!profile)
        return Outcome::AsDecided;
    if (profile->network.mode == policy::NetworkMode::Off)
        return Outcome::Closed;
    bool const is_open_question = answer.decision == policy::Decision::Deny
                                  && (answer.verdict.code == policy::DenyCode::NoRule
                                      || answer.verdict.code == policy::DenyCode::WrongBinary);
    if (!is_open_question)
        return Outcome::AsDecided;
    if (profile->network.mode == policy::NetworkMode::Audit)
        return Outcome::Open;
    return profile->approvals.mode == policy::ApprovalMode::Deny ? Outcome::AsDecided
                                                                 : Outcome::Ask;
}

std::string_view word_of(Outcome outcome, TestAnswer const& answer)
{
    switch (outcome) {
    case Outcome::AsDecided: return cli::word_of(answer.decision);
    case Outcome::Ask: return "ask";
    case Outcome::Open: return "audit";
    case Outcome::Closed: return "deny";
    }
    return "deny";
}

int code_of(std::string_view word)
{
    return word == "ask" ? kPolicyAsk : word == "deny" ? kPolicyNo : kPolicyFine;
}

void print_answer(TestRequest const& request, TestAnswer const& answer, std::string_view word)
{
    fmt::print("{:<6} {} {}:{}{}\n", word, request.method.value_or("connect"), shown(request.host),
        request.port, request.method ? shown(request.path) : "");
    auto const& rule = answer.verdict.rule;
    if (!answer.verdict.reason.empty())
        fmt::print("       {}\n", answer.verdict.reason);
    if (rule.line > 0)
        fmt::print("       {} {}  {}:{}\n",
            answer.decision == policy::Decision::Allow ? "allowed by" : "nearest rule",
            shown(rule.policy), shown(rule.file), rule.line);
}

enum class Form { Text, Json };

int tell(TestRequest const& request, TestAnswer const& answer,
    std::optional<policy::Profile> const& profile, Form form)
{
    Outcome const outcome = outcome_of(profile, answer);
    std::string_view const word = word_of(outcome, answer);
    if (form == Form::Json) {
        std::string const body = answer_json(request, answer);
        if (outcome == Outcome::AsDecided)
            fmt::print("{}\n", body);
        else
            fmt::print("{},\"outcome\":\"{}\"}}\n", body.substr(0, body.size() - 1), word);
        return code_of(word);
    }
    print_answer(request, answer, word);
    if (outcome == Outcome::Closed)
        fmt::print("       profile {}: the network is off\n", shown(profile->name));
    if (outcome == Outcome::Ask)
        fmt::print("       profile {}: a person is asked\n", shown(profile->name));
    if (outcome == Outcome::Open)
        fmt::print("       profile {}: let through and recorded\n", shown(profile->name));
    return code_of(word);
}

Result<std::optional<ProfilePolicy>> profile_named(ParsedOptions const& options)
{
    if (!options.has("profile"))
        return std::optional<ProfilePolicy>();
    LET(loaded, load_profile_policy(options.last("profile")));
    return std::optional<ProfilePolicy>(std::move(loaded));
}

int usage_error(std::string_view sentence)
{
    fmt::print(stderr, "osh policy test: {}\n", sentence);
    return kPolicyUsage;
}

} // namespace

int policy_test(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    std::vector<std::string> words = options.parsed->positionals;
    std::string file = options.parsed->last("policy");
    auto from_profile = profile_named(*options.parsed);
    if (!from_profile)
        return usage_error(from_profile.error().sentence);
    if (*from_profile)
        file = options.parsed->last("profile");
    else if (file.empty() && !words.empty()) {
        file = words.front();
        words.erase(words.begin());
    }
    if (file.empty() || words.size() > 1)
        return usage_error("expected a policy and one URL. See `osh policy test --help`.");
    auto const compiled = *from_profile ? (*from_profile)->compiled : load_policy_file(file);
    if (words.empty())
        return answer_lines(compiled);
    if (!compiled.policy) {
        fmt::print(stderr, "{}", render(compiled.diagnostics));
        return kPolicyUsage;
    }
    auto request = test_request_of_url(words.front());
    if (!request)
        return usage_error(request.error().sentence);
    take_options(*options.parsed, *request);
    std::optional<policy::Profile> profile;
    if (*from_profile)
        profile = (*from_profile)->profile;
    return tell(*request, decide(*compiled.policy, *request), profile,
        options.parsed->has("json") ? Form::Json : Form::Text);
}

} // namespace osh::cli
