// A WebSocket after its handshake: each message of the agent is asked of the policy as method
// WEBSOCKET_TEXT on the path of the handshake. A refused one closes the socket with 1008 in words.
// A person who is asked about the first such message answers for the socket.
//
// A binary message has no text that a rule could judge: it passes only where a text message may,
// whatever it says, and no middleware has to look.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/core/two_readings.h"
#include "policy/base/text.h"
#include "policy/evaluate/middleware.h"

#include <utility>

namespace osh::netproxy::core
{
namespace
{

constexpr std::string_view kMessage = "WEBSOCKET_TEXT";
constexpr std::size_t kShownReason = 100; // of a Close frame

bool is_binary(proxy::TunnelMessage const& message)
{
    return message.kind == proxy::TunnelMessage::Kind::Binary;
}

} // namespace

// A handshake of HTTP/2 has none (RFC 8441 section 5), and one of HTTP/1.1 needs one.
void Core::give_key(proxy::Forward& plan)
{
    constexpr std::string_view kKey = "Sec-WebSocket-Key";
    std::erase_if(plan.fields,
        [&](proxy::HttpField const& field) { return equals_ignoring_case(field.name, kKey); });
    plan.fields.push_back({std::string(kKey), parts_.upstream_tls.websocket_key()});
}

bool Core::judge_message(Flow& flow)
{
    auto const* message = flow.http->message();
    if (message == nullptr || flow.question != 0)
        return false;
    bool const is_first = flow.request()->method != kMessage;
    flow.request()->method = kMessage;
    auto const verdict = verdict_on_message(flow, *message);
    bool const is_open = flow.request_allowed_by_person && is_unruled(verdict);
    if (verdict.decision != policy::Decision::Deny || is_open) {
        bool const is_audit = verdict.decision == policy::Decision::Audit;
        if (is_audit || is_first)
            journal(flow, decided_line("request", verdict, is_audit ? "audit" : "allow"));
        pass_message(flow, *message);
    } else if (!is_askable(flow, verdict)) {
        refuse_message(flow, verdict, code_word(verdict.code));
    } else if (settings_.when_unruled == WhenUnruled::Audit) {
        journal(flow, decided_line("request", verdict, "audit"));
        pass_message(flow, *message);
    } else {
        park(flow, verdict);
    }
    return true;
}

// Where a rule is about requests, or none names the host, or a middleware looks: else the socket is
// as opaque as any connection that its rule carries.
bool Core::must_read_messages(Flow const& flow) const
{
    return flow.connect->inspection == policy::Inspection::Terminate
           || flow.connect->verdict.decision == policy::Decision::Deny
           || policy::middleware_duty(*policy_, flow.host).selects();
}

bool Core::is_unruled(policy::Verdict const& verdict)
{
    return verdict.code == policy::DenyCode::NoRule
           || verdict.code == policy::DenyCode::WrongBinary;
}

policy::Verdict Core::verdict_on_message(Flow& flow, proxy::TunnelMessage const& message)
{
    policy::RequestQuestion question;
    question.connection = question_of(flow);
    question.protocol = flow.request()->protocol;
    question.method = kMessage;
    question.path = flow.request()->path;
    question.query = flow.request()->query;
    if (!is_binary(message))
        question.body = message.text;
    flow.policy = policy_;
    auto verdict = evaluate_both_readings(*flow.policy, question);
    name_doubt(flow, verdict);
    bool const must_look =
        is_binary(message) && policy::middleware_duty(*policy_, flow.host).must_look();
    if (verdict.needs_body || must_look) {
        verdict.needs_body = false;
        verdict.decision = policy::Decision::Deny;
        verdict.code = policy::DenyCode::BadRequest;
        verdict.reason = "the policy judges the text of messages, and this one is binary";
    }
    if (verdict.decision == policy::Decision::Deny && verdict.code == policy::DenyCode::NoRule)
        verdict.reason += "; no rule permits WebSocket messages (WEBSOCKET_TEXT) on this path";
    return verdict;
}

void Core::pass_message(Flow& flow, proxy::TunnelMessage const& message)
{
    std::optional<std::string> instead;
    if (!is_binary(message)) {
        instead = policy::apply_middlewares(*policy_, flow.host, message.text);
        if (!fill_message(flow, *instead))
            return;
    }
    flow.http->pass_message(std::move(instead));
}

void Core::refuse_message(Flow& flow, policy::Verdict const& verdict, std::string_view decision)
{
    auto line = decided_line("request", verdict, "deny");
    line.code = decision;
    journal(flow, std::move(line));
    bool const by_person = decision == "human_denied";
    auto const why = by_person ? std::string("refused by a person") : verdict.reason;
    flow.http->close_tunnel(
        proxy::CloseCode::Policy, "osh: blocked by policy: " + shown(why, kShownReason));
}

} // namespace osh::netproxy::core
