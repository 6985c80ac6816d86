// A new policy while flows live: what it no longer allows ends now, what was parked and is now
// allowed goes on without waiting for its own answer.

#include "netproxy/core/core.h"
#include "netproxy/core/two_readings.h"

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
    flow.awaits_middleware = flow.awaits_filling = false; // judged again when its body is there
    if (flow.question != 0) {
        judge_parked_again(flow);
        return;
    }
    if (is_still_allowed(flow) || before == policy::Decision::Deny)
        return;
    auto line = decided_line("connect", flow.connect->verdict, "deny");
    line.reason = "a new policy no longer allows this connection";
    journal(flow, std::move(line));
    if (flow.http != nullptr
        && flow.http->close_tunnel(proxy::CloseCode::Restart, "osh: a new policy"))
        return pump(flow);
    auto* const carrier = flow.carrier;
    cut_agent(flow);
    if (carrier != nullptr)
        pump(flow);
}

// A person is asked about what no rule speaks of. A rule that now allows it is the answer, and so
// is one that now refuses it: no answer of a person stands against a deny rule.
void Core::judge_parked_again(Flow& flow)
{
    bool const is_open = flow.connect->verdict.decision != policy::Decision::Deny;
    if (flow.http == nullptr) {
        if (is_open || is_askable(flow, flow.connect->verdict))
            return;
        drop_question(flow);
        refuse(flow, flow.connect->verdict);
        return;
    }
    auto const verdict = is_open ? verdict_again(flow) : flow.connect->verdict;
    if ((is_open && is_allowed_so_far(flow, verdict)) || !is_askable(flow, verdict)) {
        drop_question(flow);
        pump(flow); // judges the waiting head again
    }
}

// Addresses that the policy of now refuses are left, too.
bool Core::leads_where_it_may(Flow& flow)
{
    auto const* const link = links_.find(flow.link);
    auto const& addresses = link != nullptr ? link->upstream.addresses : flow.upstream.addresses;
    policy::Verdict why_not;
    return checked(flow, addresses, why_not).size() == addresses.size();
}

bool Core::is_still_allowed(Flow& flow)
{
    if (flow.was_allowed_by_person || settings_.when_unruled == WhenUnruled::Audit)
        return true; // this one connection, and audit stops nothing
    if (!leads_where_it_may(flow))
        return false;
    if (flow.http == nullptr || !flow.http->needs_upstream())
        return flow.connect->verdict.decision != policy::Decision::Deny || flow.wire != nullptr
               || flow.carrier != nullptr;
    if (flow.request_allowed_by_person || flow.request() == nullptr)
        return true;
    return request_is_allowed(flow);
}

// The request judged last, under the policy of now, with what the last verdict hung on. One that
// needs more than that counts as yes while it waits for it, and is judged when it is there; of a
// request that has gone on it is a No, as nobody can tell any more.
bool Core::is_allowed_so_far(Flow const& flow, policy::Verdict const& verdict)
{
    bool const is_waiting = flow.http != nullptr && flow.http->waiting() != nullptr;
    bool const may_wait = is_waiting || flow.request()->protocol == "websocket";
    return verdict.decision != policy::Decision::Deny || (verdict.is_open() && may_wait);
}

bool Core::request_is_allowed(Flow& flow)
{
    return flow.request() != nullptr && is_allowed_so_far(flow, verdict_again(flow));
}

policy::Verdict Core::verdict_again(Flow const& flow) const
{
    policy::RequestQuestion question;
    auto const& request = *flow.request();
    question.connection = question_of(flow);
    question.protocol = request.protocol;
    question.method = request.method;
    question.path = request.path;
    question.query = request.query;
    policy::Header const accept{"accept", request.accept};
    question.headers = {&accept, 1};
    if (request.body)
        question.body = *request.body;
    if (request.push)
        question.push = &*request.push;
    return evaluate_both_readings(*flow.policy, question);
}

} // namespace osh::netproxy::core
