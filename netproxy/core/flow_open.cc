// The first stretch of a flow: SYN, owner, verdict on the connection, and the route that follows.
// Nothing was sent to anyone yet; the agent's connect() still waits.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/core/first_bytes.h"
#include "netproxy/core/forbidden_names.h"
#include "policy/evaluate/middleware.h"
#include "policy/model/address_class.h"
#include "policy/model/host_service.h"

namespace osh::netproxy::core
{
namespace
{

bool is_public(IpAddress const& address)
{
    return policy::classify(address).kind == policy::AddressKind::Public;
}

} // namespace

void Core::opened(stack::TcpOpened const& event)
{
    auto const& tuple = event.tuple;
    auto const name = parts_.names.name_of(tuple.destination, at_.now);
    bool const is_stale = name.empty() && parts_.names.is_synthetic(tuple.destination);
    if (settings_.network_off || pending_owners_ >= kMaxPendingOwners) {
        parts_.agent.refuse(event.flow, stack::Unreachable::AdminProhibited);
        return;
    }
    if (is_stale) { // an address that no name stands behind: the client must ask DNS again
        parts_.agent.refuse(event.flow, stack::Unreachable::Host);
        return;
    }
    auto flow = std::make_unique<Flow>();
    flow->id = event.flow;
    flow->tuple = tuple;
    flow->is_literal = name.empty();
    flow->host = name.empty() ? tuple.destination.text() : std::string(name);
    auto& added = *flow;
    flows_.emplace(added.id, std::move(flow));
    ++pending_owners_;
    judge_connection(added);
    bool const is_open =
        added.connect->verdict.decision != policy::Decision::Deny && is_open_to_anyone(added);
    ask_owner(added, is_open ? policy::OwnerDepth::Shown : policy::OwnerDepth::Proven);
    if (is_open && !needs_inspection(added))
        dial_early(added);
}

void Core::ask_owner(Flow& flow, policy::OwnerDepth depth)
{
    auto const& tuple = flow.tuple;
    commands_.push_back(AskOwner{{flow.id, 6, tuple.source, tuple.destination, tuple.source_port,
        tuple.destination_port, depth}});
    flow.owner_depth = depth;
    timers_.set(flow.id, at_.now + kOwnerTimeout);
}

// No rule, question or credential could make a difference between one program and another.
bool Core::is_open_to_anyone(Flow const& flow) const
{
    auto const port = flow.tuple.destination_port;
    return !is_forbidden_name(flow.host) && !policy::relies_on_caller(*policy_, flow.host, port)
           && !gate_.is_bound(flow.host, port);
}

void Core::owner_known(policy::OwnerAnswer const& answer, Moment at)
{
    at_ = at;
    if (auto* udp = find_udp(answer.id)) {
        udp_owner_known(*udp, answer);
        return;
    }
    auto* flow = find(answer.id);
    if (flow == nullptr)
        return; // closed meanwhile
    if (flow->phase != Phase::Identify) {
        owner_known_again(*flow, answer);
        sweep();
        return;
    }
    --pending_owners_;
    timers_.clear(flow->id);
    flow->phase = Phase::Connect;
    flow->identity = identities_.shared(Identity::from(answer, flow->owner_depth));
    decide(*flow);
    sweep();
}

void Core::judge_connection(Flow& flow)
{
    auto connect = policy::evaluate(*policy_, question_of(flow));
    if (is_forbidden_name(flow.host)) {
        connect.verdict.decision = policy::Decision::Deny;
        connect.verdict.code = policy::DenyCode::AddressBlocked;
    }
    name_doubt(flow, connect.verdict);
    flow.connect = verdicts_.shared(policy_, std::move(connect));
    flow.policy = policy_;
}

// A rule names the program, and it cannot be relied on that it was this one.
void Core::name_doubt(Flow const& flow, policy::Verdict& verdict)
{
    if (verdict.code == policy::DenyCode::WrongBinary && !flow.who().is_proven())
        verdict.reason += "; " + flow.who().doubt();
}

void Core::decide(Flow& flow)
{
    judge_connection(flow);
    take_route(flow);
}

// May a person, or audit mode, let this pass? A rule that says no, a blocked address and a request
// that cannot be understood stay refused.
bool Core::is_askable(Flow const& flow, policy::Verdict const& verdict) const
{
    // A private address without a name is opened by a rule or not at all.
    if (flow.is_literal && !is_public(flow.tuple.destination))
        return false;
    if (policy::is_host_service_name(flow.host))
        return false;
    return settings_.when_unruled != WhenUnruled::Deny
           && (verdict.code == policy::DenyCode::NoRule
               || verdict.code == policy::DenyCode::WrongBinary);
}

bool Core::needs_inspection(Flow const& flow) const
{
    if (flow.connect->verdict.decision == policy::Decision::Deny)
        return true; // to ask or to refuse in words
    if (flow.connect->inspection == policy::Inspection::Terminate)
        return true;
    if (stays_closed(flow))
        return false;
    if (flow.tuple.destination_port == kPlainHttpPort && proxy_for(flow) != nullptr)
        return true; // few proxies let CONNECT through to it: they are asked for each request
    if (policy::middleware_duty(*flow.policy, flow.host).selects())
        return true; // one that may fail: where it can look, it does
    return settings_.terminate == TerminateTls::Always
           || gate_.is_bound(flow.host, flow.tuple.destination_port);
}

void Core::take_route(Flow& flow)
{
    auto const& verdict = flow.connect->verdict;
    bool const is_denied = verdict.decision == policy::Decision::Deny;
    bool const is_worth_words = is_http_port(flow.tuple.destination_port) && !flow.is_literal;
    if (is_denied && !is_askable(flow, verdict) && !is_worth_words) {
        refuse(flow, verdict);
        return;
    }
    if (!needs_inspection(flow)) {
        journal(flow, decided_line("connect", verdict,
                          verdict.decision == policy::Decision::Audit ? "audit" : "allow"));
        if (flow.early == EarlyDial::None)
            open_upstream(flow);
        else
            resume_early(flow);
        return;
    }
    flow.early = EarlyDial::None;
    flow.early_trouble.reset();
    drop_upstream(flow, Ending::Finish);
    parts_.agent.accept(flow.id, at_.now);
    flow.is_accepted = true;
    flow.phase = Phase::FirstBytes;
    bool const server_may_speak_first = !is_http_port(flow.tuple.destination_port);
    timers_.set(flow.id, at_.now + (server_may_speak_first ? kSilence : kHeadTimeout));
}

// Refused before anything was answered: connect() inside fails at once.
void Core::refuse(Flow& flow, policy::Verdict const& verdict)
{
    journal(flow, decided_line("connect", verdict, "deny"));
    if (flow.is_accepted)
        parts_.agent.reset(flow.id);
    else if (flow.is_literal)
        parts_.agent.refuse(flow.id, stack::Unreachable::AdminProhibited);
    else
        parts_.agent.refuse(flow.id);
    end(flow, Ending::Reset);
}

} // namespace osh::netproxy::core
