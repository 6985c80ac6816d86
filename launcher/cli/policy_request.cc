#include "launcher/cli/policy_request.h"

#include "policy/base/text.h"
#include "policy/evaluate/json_body.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::JsonValue;

constexpr std::string_view kSomePublicAddress = "93.184.215.14"; // when no answer of DNS is given

void take_text(JsonValue const& object, std::string_view key, std::string& into)
{
    if (std::string const* text = object.find_text(key))
        into = *text;
}

std::vector<std::string> texts_of(JsonValue const& list)
{
    std::vector<std::string> out;
    for (auto const& item : list.items)
        if (item.kind == JsonValue::Kind::String)
            out.push_back(item.text);
    return out;
}

// Keeps the views of a question alive for one decision.
class Question
{
public:
    explicit Question(TestRequest const& request) : request_(request)
    {
        for (auto const& ancestor : request.ancestors)
            ancestors_.emplace_back(ancestor);
        for (auto const& [name, value] : request.headers)
            headers_.push_back({name, value});
        question_.connection.caller = {request.binary, ancestors_};
        question_.connection.host = request.host;
        question_.connection.port = static_cast<std::uint16_t>(request.port);
        question_.protocol = request.protocol;
        question_.method = request.method ? std::string_view(*request.method) : "";
        question_.path = request.path;
        question_.query = request.query;
        question_.headers = headers_;
        question_.body = request_.body;
        for (auto const& words : request.push)
            push_.commands.push_back(command_of(words));
        if (!request.push.empty())
            question_.push = &push_;
    }

    policy::RequestQuestion const& request() const { return question_; }
    policy::ConnectQuestion const& connection() const { return question_.connection; }

private:
    // As a refspec of git push says it.
    static policy::GitCommand command_of(std::string_view words)
    {
        bool const has_sign = words.starts_with('+') || words.starts_with(':');
        auto const change = words.starts_with('+')   ? policy::GitChange::Update
                            : words.starts_with(':') ? policy::GitChange::Delete
                                                     : policy::GitChange::Create;
        std::string const ref(has_sign ? words.substr(1) : words);
        bool const is_full = ref.starts_with("refs/");
        return {is_full ? ref : std::string(policy::kBranches) + ref, change, false};
    }

    TestRequest const& request_;
    policy::GitPush push_;
    std::vector<std::string_view> ancestors_;
    std::vector<policy::Header> headers_;
    policy::RequestQuestion question_;
};

std::vector<std::string> addresses_of(TestRequest const& request)
{
    if (request.resolved_ips)
        return *request.resolved_ips;
    if (IpAddress::parse(request.host))
        return {request.host};
    return {std::string(kSomePublicAddress)};
}

std::optional<policy::Verdict> refused_address(
    policy::Policy const& policy, TestRequest const& request, Question const& question)
{
    auto const addresses = addresses_of(request);
    policy::Verdict bad;
    bad.code = policy::DenyCode::AddressBlocked;
    bad.reason = "the name has no address";
    if (addresses.empty())
        return bad;
    for (auto const& text : addresses) {
        auto const address = IpAddress::parse(text);
        if (!address) {
            bad.reason = fmt::format("{} is not an address", in_quotes(text, 60));
            return bad;
        }
        policy::Verdict verdict = check_address(policy, question.connection(), *address);
        if (verdict.decision != policy::Decision::Allow)
            return verdict;
    }
    return std::nullopt;
}

Result<> take_authority(std::string_view authority, TestRequest& request)
{
    std::size_t const bracket = authority.rfind(']');
    std::size_t const colon = authority.rfind(':');
    bool const has_port = colon != std::string_view::npos
                          && (bracket == std::string_view::npos ? true : colon > bracket);
    if (has_port) {
        std::string_view const digits = authority.substr(colon + 1);
        auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), request.port);
        if (error != std::errc() || end != digits.data() + digits.size())
            return fail(Errc::Invalid, "the port of the URL is not a number");
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']'))
        authority = authority.substr(1, authority.size() - 2);
    if (authority.empty())
        return fail(Errc::Invalid, "the URL has no host");
    request.host = authority;
    return {};
}

} // namespace

Result<TestRequest> parse_test_request(std::string_view json_line)
{
    LET(value, policy::parse_json(json_line));
    if (!value.is_object())
        return fail(Errc::Malformed, "the request must be a JSON object");
    TestRequest out;
    out.has_id = value.find_text("id") != nullptr;
    take_text(value, "id", out.id);
    take_text(value, "host", out.host);
    take_text(value, "binary", out.binary);
    take_text(value, "scheme", out.scheme);
    take_text(value, "protocol", out.protocol);
    take_text(value, "path", out.path);
    take_text(value, "query", out.query);
    take_text(value, "body", out.body);
    if (std::string const* method = value.find_text("method"))
        out.method = *method;
    if (JsonValue const* port = value.find("port"))
        out.port = port->is_integer ? port->integer : -1;
    if (JsonValue const* push = value.find("push"))
        out.push = texts_of(*push);
    if (JsonValue const* ancestors = value.find("ancestors"))
        out.ancestors = texts_of(*ancestors);
    if (JsonValue const* program = value.find("program")) { // a line of a session's journal
        take_text(*program, "binary", out.binary);
        if (JsonValue const* chain = program->find("chain"))
            out.ancestors = texts_of(*chain);
    }
    if (JsonValue const* addresses = value.find("resolved_ips"))
        out.resolved_ips = texts_of(*addresses);
    if (JsonValue const* headers = value.find("headers"))
        for (auto const& member : headers->members)
            out.headers.emplace_back(to_lower_ascii(member.key), member.value.text);
    return out;
}

Result<TestRequest> test_request_of_url(std::string_view url)
{
    TestRequest out;
    std::size_t const colon = url.find("://");
    if (colon != std::string_view::npos) {
        out.scheme = to_lower_ascii(url.substr(0, colon));
        url.remove_prefix(colon + 3);
    }
    if (out.scheme != "https" && out.scheme != "http" && out.scheme != "tcp")
        return fail(Errc::Invalid, fmt::format("unknown scheme {}", in_quotes(out.scheme, 40)));
    out.port = out.scheme == "http" ? 80 : 443;
    std::size_t const slash = url.find_first_of("/?");
    TRY(take_authority(url.substr(0, slash), out));
    std::string_view rest = slash == std::string_view::npos ? "/" : url.substr(slash);
    std::size_t const mark = rest.find('?');
    out.path = rest.substr(0, mark);
    if (out.path.empty())
        out.path = "/";
    if (mark != std::string_view::npos)
        out.query = rest.substr(mark + 1);
    return out;
}

TestAnswer decide(policy::Policy const& policy, TestRequest const& request)
{
    TestAnswer answer;
    answer.step = "connection";
    if (request.port < 1 || request.port > 65'535) {
        answer.verdict.reason = "the port is not between 1 and 65535";
        return answer;
    }
    Question const question(request);
    policy::ConnectVerdict connection = evaluate(policy, question.connection());
    answer.verdict = connection.verdict;
    answer.decision = connection.verdict.decision;
    if (answer.decision != policy::Decision::Allow)
        return answer;
    answer.reported_policy = connection.verdict.rule.policy;
    if (auto bad = refused_address(policy, request, question)) {
        answer.step = "address";
        answer.decision = policy::Decision::Deny;
        answer.verdict = *std::move(bad);
        return answer;
    }
    // tls: skip keeps TLS closed, not plain HTTP.
    bool const is_opaque = request.scheme != "http" && connection.tls_skip;
    bool const is_judged = connection.inspection == policy::Inspection::Terminate
                           || (connection.tls_skip && request.scheme == "http");
    if (request.scheme == "tcp" && is_judged && !is_opaque) {
        answer.decision = policy::Decision::Deny;
        answer.verdict.code = policy::DenyCode::Unsupported;
        answer.verdict.reason = "the rule judges requests, and these bytes are none";
        return answer;
    }
    if (!request.method || !is_judged || is_opaque)
        return answer;
    answer.step = "request";
    answer.verdict = evaluate(policy, question.request());
    if (answer.verdict.needs_push)
        answer.verdict.reason = "the refs of the push decide: name them with --push";
    answer.decision = answer.verdict.decision;
    return answer;
}

std::string_view word_of(policy::Decision decision)
{
    switch (decision) {
    case policy::Decision::Allow: return "allow";
    case policy::Decision::Audit: return "audit";
    case policy::Decision::Deny: return "deny";
    }
    return "deny";
}

std::string answer_json(TestRequest const& request, TestAnswer const& answer)
{
    std::string out = "{";
    if (request.has_id)
        out += fmt::format("\"id\":{},", json_quoted(request.id));
    out += fmt::format("\"decision\":\"{}\"", word_of(answer.decision));
    if (!answer.reported_policy.empty())
        out += fmt::format(",\"matched_policy\":{}", json_quoted(answer.reported_policy));
    auto const& rule = answer.verdict.rule;
    if (rule.line > 0)
        out += fmt::format(",\"rule\":{{\"policy\":{},\"file\":{},\"line\":{}}}",
            json_quoted(rule.policy), json_quoted(rule.file), rule.line);
    out += fmt::format(",\"step\":\"{}\"", answer.step);
    if (!answer.verdict.reason.empty())
        out += fmt::format(",\"reason\":{}", json_quoted(answer.verdict.reason));
    if (!answer.verdict.canonical_path.empty())
        out += fmt::format(",\"path\":{}", json_quoted(answer.verdict.canonical_path));
    return out + "}";
}

} // namespace osh::cli
