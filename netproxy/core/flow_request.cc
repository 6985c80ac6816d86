// One HTTP request at its head: the policy's verdict, then the credential gate, then forward or
// answer. What was judged is what is sent: the canonical path, the connection's own name as Host.

#include "netproxy/core/answer_form.h"
#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/core/two_readings.h"
#include "netproxy/proxy/http1_client.h"
#include "policy/base/text.h"
#include "policy/evaluate/canonical_path.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{
namespace
{

constexpr std::uint32_t kDefaultBodyLimit = 64 * 1024; // judged bodies, where the rule sets none

std::string authority_of(Flow const& flow)
{
    bool const is_v6 = flow.is_literal && !flow.tuple.destination.is_v4();
    auto host = is_v6 ? "[" + flow.host + "]" : flow.host;
    std::uint16_t const usual = flow.is_encrypted() ? 443 : 80;
    if (flow.tuple.destination_port != usual)
        host += ":" + std::to_string(flow.tuple.destination_port);
    return host;
}

std::string accept_of(proxy::RequestHead const& head)
{
    std::string found;
    for (auto const& field : head.fields)
        if (equals_ignoring_case(field.name, "accept"))
            found.append(found.empty() ? "" : ", ").append(field.value);
    return found;
}

// An endpoint of `protocol: websocket` takes nothing but sockets.
bool is_for_sockets(policy::Policy const& policy, policy::RequestQuestion question)
{
    question.protocol = "rest";
    return policy::evaluate(policy, question).code == policy::DenyCode::BadRequest;
}

// WebSockets only for rules that say so (security design H11): where a rule is about plain
// requests, a GET alone opens no socket; the policy has to allow messages on that path as well.
void require_messages_allowed(
    policy::Policy const& policy, policy::RequestQuestion question, policy::Verdict& verdict)
{
    if (is_for_sockets(policy, question))
        return;
    question.method = "WEBSOCKET_TEXT";
    auto messages = evaluate_both_readings(policy, question);
    if (messages.decision != policy::Decision::Deny || messages.needs_body)
        return;
    messages.code = policy::DenyCode::NoRule;
    messages.canonical_path = std::move(verdict.canonical_path);
    messages.reason = "the handshake is permitted, but no rule permits WebSocket messages "
                      "(WEBSOCKET_TEXT) on this path";
    verdict = std::move(messages);
}

// A compressed answer could carry a secret past the scrubber, and of pieces of an answer none holds
// it whole (RFC 9110 section 14.2: a server may ignore Range, so we may leave it out).
bool hides_echoes(std::string_view name)
{
    return equals_ignoring_case(name, "accept-encoding") || equals_ignoring_case(name, "range")
           || equals_ignoring_case(name, "if-range");
}

// RFC 4559 section 6, MS-NLMP: what is said once holds for all requests of the connection.
bool logs_connection_in(std::vector<proxy::HttpField> const& fields)
{
    return std::ranges::any_of(fields, [](proxy::HttpField const& field) {
        auto const scheme = field.value.substr(0, field.value.find(' '));
        return equals_ignoring_case(field.name, "authorization")
               && (equals_ignoring_case(scheme, "ntlm")
                   || equals_ignoring_case(scheme, "negotiate"));
    });
}

// Takes them out of what the credential gate made of the request.
std::vector<proxy::HttpField> fields_to_send(
    Flow const& flow, credentials::RewriteVerdict& rewrite, proxy::Forward const& plan)
{
    bool const scrubs = !plan.scrub.is_empty();
    std::vector<proxy::HttpField> fields;
    fields.reserve(rewrite.fields.size());
    for (auto& field : rewrite.fields) {
        if (flow.is_decoded && equals_ignoring_case(field.name, "content-encoding"))
            continue;
        if (scrubs && hides_echoes(field.name))
            continue;
        fields.push_back({std::move(field.name), std::move(field.value)});
    }
    return fields;
}

} // namespace

// True when something was decided and bytes may move again.
bool Core::judge(Flow& flow)
{
    auto const* head = flow.http->waiting();
    if (head == nullptr || flow.question != 0)
        return head == nullptr && judge_message(flow);
    if (flow.awaits_middleware || flow.awaits_filling)
        return go_on_with_body(flow);
    bool const body_is_known = flow.http->body().has_value() || flow.http->body_is_too_large();
    if ((flow.awaits_body && !body_is_known) || (flow.push && !read_push(flow)) || look_again(flow))
        return false;
    begin_judging(flow, *head);
    auto const& talk = flow.talk();
    if (!talk.misdirected_name.empty()) {
        answer_misdirected(flow, talk.misdirected_name);
        return true;
    }
    if (head->authority != authority_of(flow)) {
        answer_misdirected(flow, head->authority);
        return true;
    }
    auto verdict = verdict_on_request(flow, *head);
    if (verdict.needs_body && !flow.awaits_body) {
        flow.awaits_body = true;
        timers_.set(flow.id, at_.now + kHeadTimeout);
        flow.http->want_body(
            flow.connect->max_body_bytes > 0 ? flow.connect->max_body_bytes : kDefaultBodyLimit);
        return true;
    }
    if (verdict.needs_push) {
        begin_push(flow, *head);
        return true;
    }
    keep_judged(flow);
    flow.awaits_body = false;
    judged(flow, verdict);
    return true;
}

void Core::begin_judging(Flow& flow, proxy::RequestHead const& head)
{
    flow.is_idle = false;
    flow.was_sent_again = false;
    timers_.clear(flow.id);
    auto& talk = flow.talk();
    talk.answer_id.clear();
    flow.request_allowed_by_person = false;
    talk.other_body.reset();
    talk.body_credential.clear();
    talk.fills_messages = false;
    flow.is_decoded = false;
    talk.request = JudgedRequest{head.method, head.path, head.query,
        head.wants_websocket ? "websocket" : "rest", "", accept_of(head), {}, {}};
}

// A later policy judges the same again, when the body itself has long gone upstream.
void Core::keep_judged(Flow& flow)
{
    auto& request = *flow.request();
    if (flow.awaits_body && flow.http->body())
        request.body.emplace(*flow.http->body());
    if (flow.push && flow.push->fault().empty())
        request.push = flow.push->reader().push();
}

policy::Verdict Core::verdict_on_request(Flow& flow, proxy::RequestHead const& head)
{
    std::vector<std::string> names;
    std::vector<policy::Header> headers;
    names.reserve(head.fields.size());
    for (auto const& field : head.fields) {
        names.push_back(to_lower_ascii(field.name));
        headers.push_back({names.back(), field.value});
    }
    policy::RequestQuestion question{
        question_of(flow), flow.request()->protocol, head.method, head.path, head.query, headers};
    question.has_body = head.has_body;
    question.body = flow.http->body();
    if (flow.push && flow.push->fault().empty())
        question.push = &flow.push->reader().push();
    flow.policy = policy_;
    auto verdict = evaluate_both_readings(*flow.policy, question);
    name_doubt(flow, verdict);
    spell_out_path(flow, verdict);
    refuse_odd_path(verdict, flow.request()->canonical_path);
    if (head.wants_websocket && verdict.decision != policy::Decision::Deny)
        require_messages_allowed(*flow.policy, question, verdict);
    if (verdict.needs_body && flow.awaits_body) {
        verdict.needs_body = false;
        verdict.decision = policy::Decision::Deny;
        verdict.code = policy::DenyCode::BadRequest;
        verdict.reason = "the body is larger than the rule may judge";
    }
    refuse_unread_push(flow, verdict);
    bool const is_closed_host = flow.connect->verdict.decision == policy::Decision::Deny;
    if (is_closed_host && verdict.code != policy::DenyCode::BadRequest) {
        auto path = std::move(verdict.canonical_path);
        verdict = flow.connect->verdict;
        verdict.canonical_path = std::move(path);
    }
    return verdict;
}

// Where nothing names the host, evaluate() has spelled out nothing: what a person is shown and the
// server gets is the same one spelling all the same.
void Core::spell_out_path(Flow& flow, policy::Verdict& verdict)
{
    auto& request = *flow.request();
    if (verdict.canonical_path.empty() && verdict.code != policy::DenyCode::BadRequest) {
        auto target = policy::canonical_target(request.path, request.query, flow.host);
        if (target.ok() && !target->has_encoded_slash)
            verdict.canonical_path = std::move(target->path);
    }
    request.canonical_path = verdict.canonical_path;
}

void Core::judged(Flow& flow, policy::Verdict const& verdict)
{
    if (verdict.decision != policy::Decision::Deny) {
        journal_request(
            flow, verdict, verdict.decision == policy::Decision::Audit ? "audit" : "allow");
        proceed(flow);
        return;
    }
    if (!is_askable(flow, verdict) || verdict.canonical_path.empty()) {
        answer_denied(flow, verdict, code_word(verdict.code));
        return;
    }
    if (settings_.when_unruled == WhenUnruled::Audit) {
        journal_request(flow, verdict, "audit");
        proceed(flow);
        return;
    }
    park(flow, verdict);
}

// Allowed by a rule, a person or audit mode: the credential gate has the last word.
void Core::proceed(Flow& flow)
{
    auto const* head = flow.http->waiting();
    OSH_CHECK(head != nullptr);
    if (look_into_body(flow, *head) != BodyCheck::Pass || fill_body(flow, *head) != BodyCheck::Pass)
        return; // back here when the body is there
    auto question = credential_question(flow);
    question.method = head->method;
    question.query = head->query;
    auto fields = proxy::upstream_fields(*head);
    question.fields.reserve(fields.size());
    for (auto& field : fields)
        question.fields.push_back({std::move(field.name), std::move(field.value)});
    auto rewrite = gate_.judge(question);
    if (rewrite.outcome == credentials::RewriteVerdict::Outcome::Refuse)
        refuse_credential(flow, rewrite);
    else
        forward(flow, *head, std::move(rewrite));
}

void Core::forward(Flow& flow, proxy::RequestHead const& head, credentials::RewriteVerdict rewrite)
{
    auto& talk = flow.talk();
    talk.credential = rewrite.credential.empty() ? talk.body_credential : rewrite.credential;
    for (auto const& name : {rewrite.credential, std::exchange(talk.body_credential, {})})
        if (!name.empty())
            credential_is_used(flow, name);
    proxy::Forward plan;
    plan.path_and_query = rewrite.path.empty() ? flow.request()->canonical_path : rewrite.path;
    if (head.has_query || !rewrite.query.empty())
        plan.path_and_query += "?" + rewrite.query;
    plan.host = authority_of(flow);
    plan.is_websocket = head.wants_websocket;
    plan.reads_messages = must_read_messages(flow);
    look_for_echoes(flow, plan);
    // Messages that no rule reads could still echo what went out with the handshake.
    plan.reads_messages |= plan.is_websocket && !plan.scrub.is_empty();
    plan.body = std::exchange(flow.talk().other_body, {});
    plan.fields = fields_to_send(flow, rewrite, plan);
    if (plan.is_websocket && flow.carrier != nullptr)
        give_key(plan);
    address_to_proxy(flow, plan);
    talk.logs_connection_in = talk.logs_connection_in || logs_connection_in(plan.fields);
    flow.push.reset();
    drop_used_up(flow);
    if (!proxy::is_safe(plan))
        return refuse_unsafe(flow);
    bool const is_complete = !head.has_body && !head.wants_websocket && flow.carrier == nullptr;
    flow.http->forward(std::move(plan));
    if (!flow.http->needs_upstream())
        return; // it was answered instead
    if (is_complete)
        parts_.agent.expect_answer(flow.id);
    if (flow.stream != nullptr)
        return route_stream(flow);
    if (flow.upstream.id == 0 && !reuse_upstream(flow))
        open_upstream(flow);
}

// What was put into it, a credential or the path as it was judged, would not stay in its place.
void Core::refuse_unsafe(Flow& flow)
{
    constexpr std::string_view kWhy = "a part that osh put into it holds a blank or a control byte";
    policy::Decided line;
    line.kind = "request";
    line.decision = "deny";
    line.code = "unsafe_request";
    line.reason = kWhy;
    journal(flow, std::move(line));
    answer_in_form(flow, refused(502, "unsafe_request", kWhy));
}

// The connection that served the last request takes no more of them: it is closing, said GOAWAY.
void Core::drop_used_up(Flow& flow)
{
    auto const& upstream = flow.upstream;
    if (upstream.id == 0 || flow.stream != nullptr)
        return;
    if (upstream.state == UpstreamState::Open)
        give_to_upstream(flow); // what HTTP/2 still has to acknowledge is no sign of an end
    bool const is_over =
        upstream.has_ended
        || (upstream.tls != nullptr && upstream.tls->state() != proxy::TlsState::Open);
    if (upstream.has_served && (is_over || !flow.http->upstream_is_reusable()))
        drop_upstream(flow, Ending::Finish);
}

void Core::refuse_credential(Flow& flow, credentials::RewriteVerdict const& rewrite)
{
    credential_is_refused(flow, {false, rewrite.code, rewrite.credential, rewrite.hint, {}});
    answer_in_form(
        flow, denied(CredentialDenial{rewrite.code, rewrite.credential, flow.host, rewrite.hint}));
}

void Core::answer_denied(Flow& flow, policy::Verdict const& verdict, std::string_view decision)
{
    auto line = decided_line("request", verdict, "deny");
    line.code = decision;
    Denial denial{target_of(flow), flow.who().program().binary, settings_.profile, line.policy,
        std::string(decision), verdict.reason, flow.talk().answer_id};
    journal(flow, std::move(line));
    denial.protocol = flow.request()->protocol;
    answer_in_form(flow, denied(denial));
}

void Core::answer_in_form(Flow& flow, proxy::LocalAnswer answer)
{
    auto const* head = flow.http->waiting();
    OSH_CHECK(head != nullptr);
    flow.http->answer(
        in_form_for(*head, std::move(answer), flow.push ? &flow.push->reader() : nullptr));
    flow.push.reset();
}

void Core::answer_misdirected(Flow& flow, std::string_view asked)
{
    policy::Decided line;
    line.kind = "request";
    line.decision = "deny";
    line.code = "name_mismatch";
    line.reason = "the request names " + in_quotes(asked) + " on a connection to " + flow.host;
    journal(flow, std::move(line));
    answer_in_form(flow, misdirected(flow.host, asked));
}

} // namespace osh::netproxy::core
