// A new policy while flows live: what it no longer allows ends now, what was parked and is now
// allowed goes on without waiting for its own answer.

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{

void Core::lend(credentials::LentCredential credential)
{
    for (auto const& rule : credential.attach)
        if (rule.kind == credentials::AttachKind::Mtls)
            parts_.upstream_tls.show(
                {rule.host, rule.port}, credential.name, credential.value.reveal());
    gate_.lend(std::move(credential));
}

void Core::swap_policy(std::shared_ptr<policy::Policy const> policy, Moment at)
{
    at_ = at;
    OSH_CHECK(policy != nullptr);
    policy_ = std::move(policy);
    std::vector<FlowId> ids;
    ids.reserve(flows_.size());
    for (auto const& [id, flow] : flows_)
        ids.push_back(id);
    for (auto const id : ids)
        if (auto* flow = find(id))
            judge_again(*flow);
    judge_udp_again();
    sweep();
}

void Core::judge_again(Flow& flow)
{
    if (flow.phase == Phase::Identify || flow.phase == Phase::Draining)
        return; // not judged yet, or over
    auto const before = flow.connect->verdict.decision;
    judge_connection(flow);
    flow.awaits_middleware = false; // judged again when its body is there
    if (flow.question != 0) {
        bool const is_open = flow.connect->verdict.decision != policy::Decision::Deny;
        if (is_open && flow.http != nullptr && request_is_allowed(flow)) {
            drop_question(flow);
            pump(flow); // judges the waiting head again
        }
        return;
    }
    if (is_still_allowed(flow) || before == policy::Decision::Deny)
        return;
    auto line = decided_line("connect", flow.connect->verdict, "deny");
    line.reason = "a new policy no longer allows this connection";
    journal(flow, std::move(line));
    if (flow.http != nullptr
        && flow.http->close_tunnel(proxy::CloseCode::Restart, "osh: a new policy")) {
        pump(flow);
        return;
    }
    auto* const carrier = flow.carrier;
    cut_agent(flow);
    if (carrier != nullptr)
        pump(flow);
}

bool Core::is_still_allowed(Flow& flow)
{
    if (flow.was_allowed_by_person || settings_.when_unruled == WhenUnruled::Audit)
        return true; // this one connection, and audit stops nothing
    if (flow.http == nullptr || !flow.http->needs_upstream())
        return flow.connect->verdict.decision != policy::Decision::Deny || flow.wire != nullptr
               || flow.carrier != nullptr;
    if (flow.request_allowed_by_person || flow.request() == nullptr)
        return true;
    return request_is_allowed(flow);
}

// The request judged last, under the policy of now. A verdict that needs more than the head
// counts as yes: it was judged when it was there, or will be.
bool Core::request_is_allowed(Flow& flow)
{
    if (flow.request() == nullptr)
        return false;
    policy::RequestQuestion question;
    question.connection = question_of(flow);
    question.protocol = flow.request()->protocol;
    question.method = flow.request()->method;
    question.path = flow.request()->path;
    question.query = flow.request()->query;
    auto const verdict = policy::evaluate(*flow.policy, question);
    return verdict.decision != policy::Decision::Deny || verdict.is_open();
}

} // namespace osh::netproxy::core
