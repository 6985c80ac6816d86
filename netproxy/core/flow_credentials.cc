// Placeholders in what follows a request's head, where an endpoint of the policy wants them filled
// in (reference 4.2): WebSocket text messages, and bodies of JSON, forms and text. Fails closed: a
// placeholder that may not stand there ends the socket or refuses the request. Heads are
// flow_request.cc's.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/proxy/websocket_gate.h"
#include "policy/base/text.h"

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kFilledBody = 256 * 1024;      // OpenShell's (reference 3.6)
constexpr std::size_t kMostFilled = 4 * kFilledBody; // with the values in it
constexpr std::size_t kShownHint = 100;              // of a Close frame

using credentials::TextForm;

// How values are written into a body of this kind; nothing where it is none that is filled.
std::optional<TextForm> form_of(proxy::RequestHead const& head)
{
    std::string type;
    for (auto const& field : head.fields) {
        bool const is_encoded = equals_ignoring_case(field.name, "content-encoding")
                                && !equals_ignoring_case(field.value, "identity");
        if (is_encoded)
            return std::nullopt; // a placeholder in it is only a text
        if (equals_ignoring_case(field.name, "content-type"))
            type = to_lower_ascii(trimmed(field.value.substr(0, field.value.find(';'))));
    }
    if (type == "application/json" || type.ends_with("+json"))
        return TextForm::Json;
    if (type == "application/x-www-form-urlencoded")
        return TextForm::Form;
    return type.starts_with("text/") ? std::optional(TextForm::Plain) : std::nullopt;
}

TextForm form_of(std::string_view message)
{
    auto const start = message.find_first_not_of(" \t\r\n");
    bool const is_json =
        start != std::string_view::npos && std::string_view("{[\"").contains(message[start]);
    return is_json ? TextForm::Json : TextForm::Plain;
}

} // namespace

credentials::RewriteQuestion Core::credential_question(Flow const& flow) const
{
    credentials::RewriteQuestion question;
    question.host = flow.host;
    question.port = flow.tuple.destination_port;
    question.method = "GET";
    question.canonical_path = flow.request()->canonical_path;
    question.binary = flow.who().caller().binary;
    question.is_encrypted = flow.is_encrypted(); // then the upstream is TLS too, verified before
                                                 // the first byte of the request leaves
    return question;
}

policy::CredentialRewrite Core::rewrites(Flow const& flow) const
{
    return policy::credential_rewrite(*policy_, question_of(flow), flow.request()->canonical_path);
}

// Every answer of a host that gets a value could repeat it: what another request brought there, or
// what will be filled in later (design: credentials, rule 8).
void Core::look_for_echoes(Flow& flow, proxy::Forward& plan) const
{
    flow.talk().fills_messages = plan.reads_messages && rewrites(flow).in_messages;
    plan.scrub = gate_.forms_bound_to(credential_question(flow));
}

// False: the socket was closed instead.
bool Core::fill_message(Flow& flow, std::string& text)
{
    if (!flow.talk().fills_messages || !rewrites(flow).in_messages)
        return true;
    auto verdict =
        gate_.judge_text(credential_question(flow), {text, form_of(text), proxy::kMaxTextMessage});
    if (verdict.is_allowed && !verdict.text)
        return true;
    bool const fits = verdict.text && verdict.text->size() <= proxy::kMaxTextMessage
                      && proxy::is_valid_utf8(*verdict.text);
    if (verdict.is_allowed && !fits) {
        verdict.is_allowed = false;
        verdict.code = "credential_unavailable";
        verdict.hint = "its value does not fit into a text message";
    }
    if (!verdict.is_allowed) {
        credential_is_refused(flow, verdict);
        flow.http->close_tunnel(
            proxy::CloseCode::Policy, "osh: " + shown(verdict.hint, kShownHint));
        return false;
    }
    credential_is_used(flow, verdict.credential);
    text = *std::move(verdict.text);
    return true;
}

Core::BodyCheck Core::fill_body(Flow& flow, proxy::RequestHead const& head)
{
    auto const form = form_of(head);
    if (!head.has_body || !form || !rewrites(flow).in_body)
        return BodyCheck::Pass;
    flow.awaits_filling = false;
    flow.http->want_body(kFilledBody);
    auto const body = flow.http->body();
    if (!body && !flow.http->body_is_too_large()) {
        flow.awaits_filling = true;
        timers_.set(flow.id, at_.now + kHeadTimeout);
        return BodyCheck::Wait;
    }
    credentials::TextVerdict verdict;
    verdict.code = "credential_unavailable";
    verdict.hint = "a body that placeholders are filled into may have 256 KiB";
    auto& talk = flow.talk();
    if (body && body->size() <= kFilledBody) {
        auto question = credential_question(flow);
        question.method = head.method;
        verdict = gate_.judge_text(
            question, {talk.other_body ? *talk.other_body : *body, *form, kMostFilled});
    }
    if (!verdict.is_allowed) {
        credential_is_refused(flow, verdict);
        answer_in_form(flow,
            denied(CredentialDenial{verdict.code, verdict.credential, flow.host, verdict.hint}));
        return BodyCheck::Refused;
    }
    if (verdict.text) {
        talk.other_body = *std::move(verdict.text);
        talk.body_credential = verdict.credential;
    }
    return BodyCheck::Pass;
}

void Core::credential_is_used(Flow const& flow, std::string name)
{
    policy::Decided line;
    line.kind = "credential";
    line.decision = "allow";
    line.credential = std::move(name);
    journal(flow, std::move(line));
}

void Core::credential_is_refused(Flow const& flow, credentials::TextVerdict const& verdict)
{
    policy::Decided line;
    line.kind = "credential";
    line.decision = "deny";
    line.code = verdict.code;
    line.credential = verdict.credential;
    line.reason = verdict.hint;
    journal(flow, std::move(line));
    if (verdict.code != "credential_unavailable")
        journal_.notice("credential_misuse",
            "credential " + shown(verdict.credential) + " was refused at " + flow.host + ": "
                + verdict.hint,
            at_.now);
}

} // namespace osh::netproxy::core
