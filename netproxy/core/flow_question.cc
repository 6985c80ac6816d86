// Parking a flow until a person answers or the deadline passes (design: approvals). Only this flow
// waits; whatever does not end in an allow is a Deny with a reason the agent can read.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"

#include <utility>

namespace osh::netproxy::core
{

namespace
{

// Where nobody answered, what the policy lacks is still the reason. A person needs none.
policy::Verdict verdict_by(policy::Answer const& answer, policy::Verdict const& asked)
{
    bool const by_person = answer.decision.empty() || answer.decision == "human_denied";
    auto verdict = answer.allow || by_person ? policy::Verdict{} : asked;
    verdict.decision = answer.allow ? policy::Decision::Allow : policy::Decision::Deny;
    return verdict;
}

} // namespace

void Core::park(Flow& flow, policy::Verdict const& verdict)
{
    bool const is_request = flow.http != nullptr;
    if (!is_request)
        flow.phase = Phase::Parked;
    flow.question = next_question_++;
    flow.talk().asked = {flow.policy, verdict};
    by_question_.emplace(flow.question, flow.id);
    if (by_question_.size() > kMaxPendingQuestions) {
        release(flow, {flow.question, false, "flood", ""});
        return;
    }
    policy::Question question;
    question.id = flow.question;
    question.program = flow.who().program();
    question.target = target_of(flow);
    question.why_code = code_word(verdict.code);
    question.why_text = verdict.reason;
    timers_.set(flow.id, at_.now + settings_.hold);
    flow.agent_end_looked_at = false;
    if (flow.carrier == nullptr)
        looks_.set(flow.id, at_.now + kLookAgain);
    commands_.push_back(Tell{std::move(question)});
}

void Core::answered(policy::Answer const& answer, Moment at)
{
    at_ = at;
    auto const found = by_question_.find(answer.question);
    if (found == by_question_.end())
        return; // too late: it was denied at its deadline
    auto* const flow = find(found->second);
    if (flow != nullptr && answer.allow && flow->carrier == nullptr)
        allow_if_there(*flow, answer);
    else if (flow != nullptr)
        release(*flow, answer);
    sweep();
}

void Core::release(Flow& flow, policy::Answer const& answer)
{
    auto const asked = std::exchange(flow.talk().asked, {});
    forget_question(flow);
    flow.talk().answer_id = answer.id;
    auto const verdict = verdict_by(answer, asked.verdict);
    auto const refusal = answer.decision.empty() ? std::string("human_denied") : answer.decision;
    if (flow.http == nullptr) {
        auto line = decided_line("connect", verdict, answer.allow ? "allow" : "deny");
        line.code = answer.allow ? "" : refusal;
        journal(flow, std::move(line));
        if (answer.allow) {
            flow.was_allowed_by_person = true;
            flow.may_send_upstream = true;
            flow.phase = Phase::Connect;
            open_upstream(flow);
        } else {
            parts_.agent.reset(flow.id);
            end(flow, Ending::Reset);
        }
        return;
    }
    if (flow.http->message() != nullptr) { // allowed: judged again, and open
        flow.request_allowed_by_person = answer.allow;
        if (!answer.allow)
            refuse_message(flow, verdict, refusal);
        return pump(flow);
    }
    if (flow.http->waiting() == nullptr)
        return pump(flow); // what the answer is about was given up meanwhile
    if (answer.allow) {
        flow.request_allowed_by_person = true;
        journal(flow, decided_line("request", verdict, "allow"));
        proceed(flow);
    } else
        answer_denied(flow, verdict, refusal);
    pump(flow);
}

void Core::drop_question(Flow& flow)
{
    if (flow.question == 0)
        return;
    commands_.push_back(Tell{policy::QuestionGone{flow.question}});
    forget_question(flow);
}

void Core::forget_question(Flow& flow)
{
    by_question_.erase(flow.question);
    flow.question = 0;
    flow.talk().asked = {};
    flow.talk().allowed.reset();
    timers_.clear(flow.id); // its deadline
    looks_.clear(flow.id);
}

} // namespace osh::netproxy::core
