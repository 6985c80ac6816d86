// Datagrams by policy (profile: network.udp = "policy"): the same questions as a connection has, in
// the same order: name, owner, verdict, resolve, check of the address that is used. Nothing here
// asks a person: datagrams do not wait. Without the setting, and for QUIC without a rule, the
// refusal comes at once, so that clients go on with TCP.

#include "netproxy/core/core.h"
#include "netproxy/core/forbidden_names.h"

namespace osh::netproxy::core
{
namespace
{

UdpKey key_of(stack::FlowTuple const& tuple)
{
    return {tuple.destination.bytes(), tuple.destination_port, tuple.source_port};
}

} // namespace

UdpFlow* Core::find_udp(std::uint64_t id)
{
    auto const found = udp_flows_.find(id);
    return found == udp_flows_.end() ? nullptr : found->second.get();
}

void Core::datagram(stack::UdpReceived const& event)
{
    auto const& tuple = event.tuple;
    auto const known = udp_by_key_.find(key_of(tuple));
    auto* flow = known == udp_by_key_.end() ? nullptr : find_udp(known->second);
    if (flow == nullptr) {
        auto const name = parts_.names.name_of(tuple.destination, at_.now);
        bool const is_stale = name.empty() && parts_.names.is_synthetic(tuple.destination);
        if (!settings_.udp_by_policy || settings_.network_off || is_stale
            || udp_flows_.size() >= kMaxUdpFlows) {
            parts_.agent.refuse_udp(tuple, stack::Unreachable::Port);
            return;
        }
        auto made = std::make_unique<UdpFlow>();
        flow = made.get();
        flow->id = kUdpBit | next_upstream_++;
        flow->tuple = tuple;
        flow->is_literal = name.empty();
        flow->host = name.empty() ? tuple.destination.text() : std::string(name);
        flow->owner_depth = policy::relies_on_caller(*policy_, flow->host, tuple.destination_port)
                                ? policy::OwnerDepth::Proven
                                : policy::OwnerDepth::Shown;
        commands_.push_back(AskOwner{{flow->id, 17, tuple.source, tuple.destination,
            tuple.source_port, tuple.destination_port, flow->owner_depth}});
        udp_by_key_.emplace(key_of(tuple), flow->id);
        udp_timers_.set(flow->id, at_.now + kUdpIdle);
        udp_flows_.emplace(flow->id, std::move(made));
    }
    if (flow->state == UdpState::Refused) {
        parts_.agent.refuse_udp(tuple, flow->refusal);
        return;
    }
    flow->last_used = at_.now;
    if (flow->state == UdpState::Open) {
        flow->bytes_up += event.payload.size();
        commands_.push_back(SendDatagram{flow->id, event.payload, event.fragments});
    } else
        keep_waiting(*flow, {event.payload, event.fragments});
}

// Beyond what may wait they are lost, as datagrams are.
void Core::keep_waiting(UdpFlow& flow, UdpWaiting one)
{
    if (flow.waiting.size() >= kMaxUdpWaiting || parts_.agent.memory_left() < one.payload.size())
        return;
    parts_.agent.hold_memory(one.payload.size());
    flow.waiting.push_back(std::move(one));
}

void Core::drop_waiting(UdpFlow& flow)
{
    for (auto const& one : flow.waiting)
        parts_.agent.free_memory(one.payload.size());
    flow.waiting.clear();
}

void Core::udp_owner_known(UdpFlow& flow, policy::OwnerAnswer const& answer)
{
    if (flow.state != UdpState::Identify)
        return;
    flow.identity = identities_.shared(Identity::from(answer, flow.owner_depth));
    auto verdict = policy::evaluate(*policy_, question_of(flow)).verdict;
    if (is_forbidden_name(flow.host)) {
        verdict.decision = policy::Decision::Deny;
        verdict.code = policy::DenyCode::AddressBlocked;
    }
    if (verdict.decision == policy::Decision::Deny) {
        // "Port", as if nobody listened: clients of QUIC then try TCP without waiting.
        refuse_udp(flow, verdict, stack::Unreachable::Port);
        return;
    }
    auto line = decided_line("connect", verdict, "allow");
    line.program = flow.identity.program();
    line.target = target_of(flow);
    journal_.decided(std::move(line), at_.now);
    flow.state = UdpState::Resolve;
    if (flow.is_literal)
        udp_resolved(flow, {flow.tuple.destination});
    else if (!is_within_labels(question_of(flow), false))
        refuse_udp(flow, too_many_names(), stack::Unreachable::Port);
    else
        commands_.push_back(Resolve{flow.id, flow.host});
}

void Core::udp_resolved(UdpFlow& flow, std::vector<IpAddress> const& addresses)
{
    if (flow.state != UdpState::Resolve)
        return;
    policy::Verdict why_not;
    why_not.code = policy::DenyCode::AddressBlocked;
    why_not.reason = "the name has no usable address";
    // Each name has addresses of both families inside; its server may have one only.
    IpAddress const* chosen = nullptr;
    for (auto const& address : addresses) {
        auto verdict = policy::check_address(*policy_, question_of(flow), address);
        bool const fits = address.is_v4() == flow.tuple.destination.is_v4();
        if (verdict.decision == policy::Decision::Deny)
            why_not = std::move(verdict);
        else if (chosen == nullptr || fits)
            chosen = &address;
        if (chosen == &address && fits)
            break;
    }
    if (chosen == nullptr)
        return refuse_udp(flow, why_not, stack::Unreachable::Host);
    flow.state = UdpState::Open;
    flow.is_v4_outside = chosen->is_v4();
    commands_.push_back(OpenDatagrams{flow.id, *chosen, flow.tuple.destination_port});
    for (auto const& one : flow.waiting) {
        flow.bytes_up += one.payload.size();
        commands_.push_back(SendDatagram{flow.id, one.payload, one.fragments});
    }
    drop_waiting(flow);
}

// The refusal is remembered for as long as the flow: one journal line, not one per datagram.
void Core::refuse_udp(UdpFlow& flow, policy::Verdict const& verdict, stack::Unreachable how)
{
    auto line = decided_line("connect", verdict, "deny");
    line.program = flow.identity.program();
    line.target = target_of(flow);
    journal_.decided(std::move(line), at_.now);
    flow.state = UdpState::Refused;
    flow.refusal = how;
    drop_waiting(flow);
    parts_.agent.refuse_udp(flow.tuple, how);
}

void Core::datagram_from_upstream(UpstreamId id, Bytes payload, Moment at)
{
    at_ = at;
    auto* flow = find_udp(id);
    if (flow == nullptr || flow->state != UdpState::Open)
        return;
    flow->last_used = at.now;
    flow->bytes_down += payload.size();
    parts_.agent.send_udp(flow->tuple, payload);
}

void Core::datagrams_failed(UpstreamId id, DialFailure failure, Moment at)
{
    at_ = at;
    auto* flow = find_udp(id);
    if (flow == nullptr)
        return;
    bool const is_port = failure == DialFailure::Refused;
    parts_.agent.refuse_udp(
        flow->tuple, is_port ? stack::Unreachable::Port : stack::Unreachable::Host);
    end_udp(id);
}

void Core::datagram_too_big(UpstreamId id, std::uint32_t mtu, Moment at)
{
    at_ = at;
    // Not over IPv6: the kernel inside would cut all that follows, for every program, and fragments
    // are refused. Here the kernel outside cuts it.
    auto const* flow = find_udp(id);
    if (flow == nullptr || !flow->tuple.destination.is_v4())
        return;
    constexpr std::uint32_t kLongerHeader = 20; // IPv6's, over IPv4's
    parts_.agent.refuse_udp_size(flow->tuple, flow->is_v4_outside ? mtu : mtu - kLongerHeader);
}

void Core::end_udp(std::uint64_t id)
{
    auto* flow = find_udp(id);
    if (flow == nullptr)
        return;
    if (flow->state == UdpState::Open)
        commands_.push_back(CloseDatagrams{id});
    if (flow->bytes_up > 0 || flow->bytes_down > 0)
        journal_.closed(
            {target_of(*flow), flow->identity.program(), flow->bytes_up, flow->bytes_down},
            at_.now);
    drop_waiting(*flow);
    udp_by_key_.erase(key_of(flow->tuple));
    udp_timers_.clear(id);
    udp_flows_.erase(id);
}

// One timer per flow, looked at once a minute: moving it with each datagram would cost more than
// the datagram.
void Core::handle_udp_time()
{
    while (auto const id = udp_timers_.take_due(at_.now)) {
        auto const* flow = find_udp(id);
        if (flow == nullptr)
            continue;
        auto const ends = flow->last_used + kUdpIdle;
        if (flow->state == UdpState::Open && at_.now < ends)
            udp_timers_.set(id, ends);
        else
            end_udp(id);
    }
}

// A new policy: what it refuses ends, and what was refused is asked again with its next datagram.
void Core::judge_udp_again()
{
    std::vector<std::uint64_t> over;
    for (auto const& [id, flow] : udp_flows_) {
        bool const is_waiting =
            flow->state == UdpState::Identify; // judged by the new policy anyway
        auto const verdict = policy::evaluate(*policy_, question_of(*flow)).verdict;
        if (!is_waiting
            && (flow->state == UdpState::Refused || verdict.decision == policy::Decision::Deny))
            over.push_back(id);
    }
    for (auto const id : over)
        end_udp(id);
}

policy::ConnectQuestion Core::question_of(UdpFlow const& flow) const
{
    return {flow.identity.caller(), flow.host, flow.tuple.destination_port, policy::Transport::Udp};
}

policy::Target Core::target_of(UdpFlow const& flow) const
{
    policy::Target target;
    target.host = flow.host;
    target.port = flow.tuple.destination_port;
    target.scheme = "udp";
    if (flow.is_literal)
        target.ip = flow.host;
    return target;
}

} // namespace osh::netproxy::core
