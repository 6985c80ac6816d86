#include "netproxy/core/denial.h"

#include "netproxy/core/json_line.h"

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kShownPath = 1024;
constexpr std::string_view kHardDenied = "hard_denied";

bool was_decided_by_person(std::string_view decision)
{
    return decision == "human_denied";
}

std::string guidance(std::string_view decision)
{
    if (was_decided_by_person(decision))
        return "A person refused this. Do not retry, change proxy settings or look for another "
               "route. If the task needs it, say so to the user.";
    if (decision == "expired" || decision == "unattended" || decision == "flood")
        return "A person was to be asked and did not answer. Do not look for another route. Tell "
               "the user what you need and why; the request may be tried again once they allow it.";
    return "This is a decision, not a fault. Do not retry, change proxy settings or look for "
           "another route. If the task needs it, say so to the user.";
}

std::string what(policy::Target const& target)
{
    auto const place = target.host + target.path;
    if (target.method.empty())
        return target.host + ":" + std::to_string(target.port);
    return target.method + " " + place;
}

std::string_view outcome(std::string_view decision)
{
    if (decision == "expired")
        return " was not answered in time";
    if (decision == "unattended")
        return " needs a person's answer and nobody is there";
    if (decision == "flood")
        return " came with too many other questions";
    return {};
}

// What the policy said stays in it: it tells which rule would do.
std::string sentence(Denial const& denial)
{
    auto text = "osh: blocked by policy: " + what(denial.target);
    if (was_decided_by_person(denial.decision))
        return text + " was refused by a person";
    auto const unanswered = outcome(denial.decision);
    text += unanswered.empty() ? " is not allowed in profile " + denial.profile
                               : std::string(unanswered);
    return denial.reason.empty() ? text : text + ": " + denial.reason;
}

std::string missing_rule(Denial const& denial)
{
    return JsonLine()
        .text("type", "rest_allow")
        .text("layer", "l7")
        .text("method", denial.target.method)
        .text("path", denial.target.path)
        .text("host", denial.target.host)
        .number("port", denial.target.port)
        .text("binary", denial.binary)
        .object();
}

std::string next_steps(Denial const& denial)
{
    bool const lacks_rule = denial.decision == "no_rule" || denial.decision == "wrong_binary";
    if (!lacks_rule && outcome(denial.decision).empty())
        return "[]";
    auto const rule = "allow " + denial.target.method + " " + denial.target.path + " on "
                      + denial.target.host + ":" + std::to_string(denial.target.port);
    std::string const words = lacks_rule ? "the policy has no rule for this: "
                                         : "nobody answered; a rule would allow it unasked: ";
    return "[" + json_quoted("Tell the user that " + words + shown(rule, kShownPath)) + "]";
}

proxy::LocalAnswer json_answer(int status, std::string detail, std::string body)
{
    proxy::LocalAnswer answer;
    answer.status = status;
    answer.detail = std::move(detail);
    answer.body = std::move(body) + "\n";
    return answer;
}

} // namespace

std::string_view code_word(policy::DenyCode code)
{
    switch (code) {
    case policy::DenyCode::None: return "";
    case policy::DenyCode::NoRule: return "no_rule";
    case policy::DenyCode::RuleDenied: return "rule_denied";
    case policy::DenyCode::WrongBinary: return "wrong_binary";
    case policy::DenyCode::AddressBlocked: return kHardDenied;
    case policy::DenyCode::BadRequest: return "bad_request";
    case policy::DenyCode::Unsupported: return "unsupported";
    }
    return kHardDenied;
}

// "message" is what many programs print of a JSON error: gh, git-lfs, Octokit.
proxy::LocalAnswer denied(Denial const& denial)
{
    bool const by_person = was_decided_by_person(denial.decision);
    JsonLine line;
    // The reference has a word of its own for an address that may not be reached (3.7, 3.10).
    line.text("error", denial.decision == kHardDenied ? "ssrf_denied" : "policy_denied");
    auto const detail = sentence(denial);
    line.text("detail", detail).text("message", detail);
    line.text("policy", by_person || denial.policy.empty() ? "-" : denial.policy);
    line.text("rule", denial.target.method + " " + denial.target.path);
    line.text("layer", "l7").text("protocol", denial.protocol);
    line.text("method", denial.target.method).text("path", denial.target.path);
    line.text("host", denial.target.host).number("port", denial.target.port);
    line.text("binary", denial.binary);
    if (!by_person)
        line.raw("rule_missing", missing_rule(denial));
    line.raw("next_steps", next_steps(denial));
    line.text("decision", denial.decision).raw("retry", "false");
    line.text("agent_guidance", guidance(denial.decision)).text("id", denial.id);
    auto answer = json_answer(403, detail, line.object());
    answer.fields.push_back(
        {"X-OpenShell-Policy", by_person || denial.policy.empty() ? "-" : denial.policy});
    return answer;
}

proxy::LocalAnswer denied(CredentialDenial const& denial)
{
    return json_answer(403, "osh: " + shown(denial.hint, 300),
        JsonLine()
            .text("error", denial.code)
            .text("detail", "osh: " + denial.hint)
            .text("message", denial.hint)
            .text("credential", denial.credential)
            .text("host", denial.host)
            .text("hint", denial.hint)
            .text("decision", denial.code)
            .raw("retry", "false")
            .object());
}

proxy::LocalAnswer refused(int status, std::string_view error, std::string_view reason)
{
    auto const detail = "osh: the request was refused: " + shown(reason, 300);
    return json_answer(status, detail,
        JsonLine()
            .text("error", error)
            .text("detail", detail)
            .text("message", detail)
            .text("reason", reason)
            .raw("retry", "false")
            .object());
}

proxy::LocalAnswer misdirected(std::string_view connection_host, std::string_view asked_host)
{
    auto const detail = "osh: the request names " + shown(asked_host)
                        + " on a connection that was opened to " + shown(connection_host)
                        + "; open a connection to the host itself";
    return json_answer(421, detail,
        JsonLine()
            .text("error", "request_authority_mismatch")
            .text("detail", detail)
            .text("message", "Host does not match the connection")
            .text("host", connection_host)
            .raw("retry", "false")
            .object());
}

proxy::LocalAnswer middleware_failed(std::string_view middleware, std::string_view why)
{
    auto const detail = "osh: middleware " + in_quotes(middleware, 60)
                        + " could not look into the request: " + shown(why, 300);
    return json_answer(503, detail,
        JsonLine()
            .text("error", "middleware_failed")
            .text("detail", detail)
            .text("message", detail)
            .text("middleware", middleware)
            .text("reason", why)
            .raw("retry", "false")
            .object());
}

proxy::LocalAnswer upstream_unusable(
    std::string_view host, std::string_view reason, MayRetry may_retry)
{
    auto const detail = "osh: " + shown(host) + " cannot be used: " + shown(reason, 300);
    return json_answer(502, detail,
        JsonLine()
            .text("error", "upstream_unreachable")
            .text("detail", detail)
            .text("message", detail)
            .text("host", host)
            .text("reason", reason)
            .raw("retry", may_retry == MayRetry::Yes ? "true" : "false")
            .object());
}

proxy::LocalAnswer upstream_at_fault(
    std::string_view host, std::string_view reason, MayRetry may_retry)
{
    auto const detail = "osh: the server of " + shown(host) + " is at fault: " + shown(reason, 300);
    return json_answer(502, detail,
        JsonLine()
            .text("error", "upstream_protocol_error")
            .text("detail", detail)
            .text("message", detail)
            .text("host", host)
            .text("reason", reason)
            .raw("retry", may_retry == MayRetry::Yes ? "true" : "false")
            .object());
}

} // namespace osh::netproxy::core
