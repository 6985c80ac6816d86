// The upstream half of a flow: resolve, check every address, dial, secure. Only for what was
// allowed: no look-up and no packet leaves before the verdict (S4).

#include "netproxy/core/address_order.h"
#include "netproxy/core/answer_form.h"
#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "policy/model/address_class.h"
#include "policy/model/host_service.h"

#include <algorithm>

namespace osh::netproxy::core
{

void Core::open_upstream(Flow& flow)
{
    auto& upstream = flow.upstream;
    upstream = Upstream{};
    upstream.id = next_upstream_++;
    upstream.state = UpstreamState::Resolve;
    upstream.asks_proxy = asks_proxy(flow);
    upstream.has_served = flow.http != nullptr; // it is opened for a request
    by_upstream_.emplace(upstream.id, flow.id);
    timers_.set(flow.id, at_.now + kConnectTimeout);
    if (flow.is_literal)
        dial(flow, {flow.tuple.destination});
    else if (policy::is_host_service_name(flow.host))
        dial(flow, {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")}); // no look-up
    else if (!is_within_labels(question_of(flow), is_let_through(flow)))
        address_denied(flow, too_many_names());
    else
        commands_.push_back(Resolve{upstream.id, flow.host});
}

void Core::resolved(std::uint64_t id, Result<std::vector<IpAddress>> const& addresses, Moment at)
{
    at_ = at;
    if (auto* udp = find_udp(id)) {
        udp_resolved(*udp, addresses.ok() ? *addresses : std::vector<IpAddress>{});
        return;
    }
    auto* flow = find_upstream(id);
    if (flow == nullptr)
        return;
    auto const* const proxy = proxy_for(*flow);
    if (flow->upstream.state == UpstreamState::ResolveProxy && addresses.ok() && proxy != nullptr)
        dial_tunnel(*flow, *proxy, *addresses);
    else if (flow->upstream.state == UpstreamState::Resolve && addresses.ok())
        dial(*flow, *addresses);
    else if (flow->upstream.state == UpstreamState::Resolve && proxy != nullptr)
        dial_unresolved(*flow, *proxy);
    else if (flow->upstream.state <= UpstreamState::ResolveProxy)
        upstream_failed(*flow, DialFailure::Unreachable,
            addresses.ok() ? "there is no proxy any more" : addresses.error().sentence);
    sweep();
}

void Core::dial(Flow& flow, std::vector<IpAddress> const& found)
{
    policy::Verdict why_not;
    why_not.code = policy::DenyCode::AddressBlocked;
    why_not.reason = "the name has no usable address";
    auto addresses = checked(flow, found, why_not);
    bool const is_partly_refused = addresses.size() < std::min(found.size(), kMaxAddresses);
    if (addresses.empty() || (is_partly_refused && proxy_for(flow) != nullptr)) {
        address_denied(flow, why_not);
        return;
    }
    flow.upstream.addresses = addresses;
    if (auto const* proxy = proxy_for(flow))
        return dial_through(flow, *proxy);
    flow.upstream.state = UpstreamState::Dial;
    auto const reach = policy::is_host_service_name(flow.host) ? Reach::OwnLoopback : Reach::World;
    commands_.push_back(
        Dial{flow.upstream.id, std::move(addresses), flow.tuple.destination_port, reach});
}

// What is checked here is what is dialled: no second look-up can slip another address in.
std::vector<IpAddress> Core::checked(
    Flow& flow, std::vector<IpAddress> const& found, policy::Verdict& why_not)
{
    bool const let_through = is_let_through(flow);
    std::vector<IpAddress> addresses;
    for (auto const& address : in_turns(found)) {
        auto verdict = policy::check_address(*policy_, question_of(flow), address);
        bool const is_unruled = verdict.code == policy::DenyCode::NoRule
                                || verdict.code == policy::DenyCode::WrongBinary;
        bool const is_public = policy::classify(address).kind == policy::AddressKind::Public;
        if (verdict.decision != policy::Decision::Deny || (let_through && is_unruled && is_public))
            addresses.push_back(address);
        else
            why_not = std::move(verdict);
        if (addresses.size() == kMaxAddresses)
            break;
    }
    return addresses;
}

void Core::address_denied(Flow& flow, policy::Verdict const& verdict)
{
    if (hold_early(flow, EarlyDial::AddressDenied, {DialFailure::Other, {}, verdict}))
        return;
    auto line = decided_line("address", verdict, "deny");
    journal(flow, line);
    drop_upstream(flow, Ending::Finish);
    if (flow.http == nullptr) {
        parts_.agent.refuse(flow.id, stack::Unreachable::AdminProhibited);
        if (flow.is_accepted)
            parts_.agent.reset(flow.id);
        end(flow, Ending::Reset);
        return;
    }
    Denial denial{target_of(flow), flow.who().program().binary, settings_.profile, line.policy,
        line.code, verdict.reason, ""};
    flow.http->fail_with(in_form_for(flow.http->asked(), denied(denial)));
    pump(flow);
}

void Core::dialled(UpstreamId id, Moment at)
{
    at_ = at;
    auto* flow = find_upstream(id);
    if (flow == nullptr || flow->upstream.state != UpstreamState::Dial)
        return;
    if (flow->is_encrypted()) {
        flow->upstream.offered = offered_to_upstream(*flow);
        auto session = parts_.upstream_tls.connect(
            {flow->host, flow->tuple.destination_port, flow->upstream.offered}, at_.wall);
        if (!session.ok()) {
            upstream_failed(*flow, DialFailure::Other, session.error().sentence);
            sweep();
            return;
        }
        flow->upstream.tls = *std::move(session);
        flow->upstream.state = UpstreamState::Secure;
        pump(*flow);
    } else
        upstream_is_ready(*flow);
    sweep();
}

void Core::upstream_is_ready(Flow& flow)
{
    flow.upstream.state = UpstreamState::Open;
    if (hold_early(flow, EarlyDial::Connected, {}))
        return;
    timers_.clear(flow.id);
    if (flow.http != nullptr) {
        pump(flow);
        return;
    }
    flow.phase = Phase::Splice;
    flow.upstream.addresses = {}; // nobody shares it
    if (!flow.is_accepted)
        parts_.agent.accept(flow.id, at_.now);
    flow.is_accepted = true;
    pump_splice(flow);
    attend(flow);
}

void Core::dial_failed(UpstreamId id, DialFailure failure, std::string const& why, Moment at)
{
    at_ = at;
    if (auto* flow = find_upstream(id))
        upstream_failed(*flow, failure, why);
    sweep();
}

// The truthful error: connect() inside fails as it would have failed outside, a request gets a 502
// with the reason.
void Core::upstream_failed(Flow& flow, DialFailure failure, std::string const& why)
{
    if (hold_early(flow, EarlyDial::Failed, {failure, why, {}}))
        return;
    journal_.notice("upstream_unusable", flow.host + ": " + why, at_.now);
    auto const waiting = stop_leading(flow);
    drop_upstream(flow, Ending::Finish);
    if (flow.http != nullptr) {
        timers_.clear(flow.id);
        auto const may_retry = failure == DialFailure::Unfit ? MayRetry::No : MayRetry::Yes;
        flow.http->fail_with(
            in_form_for(flow.http->asked(), upstream_unusable(flow.host, why, may_retry)));
        pump(flow);
        for (auto const id : waiting) // the same connection is no better for them
            if (auto* other = waiting_flow(id))
                upstream_failed(*other, failure, why);
        return;
    }
    if (flow.is_accepted)
        parts_.agent.reset(flow.id);
    else if (failure == DialFailure::Refused)
        parts_.agent.refuse(flow.id);
    else if (failure != DialFailure::TimedOut) // ICMP has no word for it: the SYN stays unanswered
        parts_.agent.refuse(flow.id, stack::Unreachable::Host);
    end(flow, Ending::Reset);
}

void Core::secure_failed(Flow& flow)
{
    auto const& tls = *flow.upstream.tls;
    upstream_failed(flow, tls.was_cut() ? DialFailure::Other : DialFailure::Unfit,
        std::string(tls.failure())); // a copy: the session goes with the upstream
}

// A request that may not be passed on; an answer that never came, or that may not. True when the
// agent was told.
bool Core::tell_fault(Flow& flow)
{
    auto& http = *flow.http;
    if (!http.has_untold_fault())
        return false;
    auto const& head = http.asked();
    if (!http.refusal().empty()) {
        auto reply =
            in_form_for(head, refused(http.response_status(), "bad_request", http.refusal()));
        reply.after_body = false; // nobody can tell where it ends
        http.fail_with(reply);
        return true;
    }
    // What the server did with any other request nobody knows (RFC 9110 section 9.2.2).
    bool const is_harmless =
        head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS";
    http.fail_with(in_form_for(head, upstream_at_fault(flow.host, http.upstream_fault(),
                                         is_harmless ? MayRetry::Yes : MayRetry::No)));
    return true;
}

void Core::upstream_ended(UpstreamId id, Ending how, Moment at)
{
    at_ = at;
    if (pool_.has(id)) {
        pool_.forget(id);
        commands_.push_back(CloseUpstream{id, how});
        return;
    }
    if (auto* link = links_.find(id)) {
        link->upstream.has_ended = true;
        pump_link(*link);
        sweep();
        return;
    }
    auto* flow = find_upstream(id);
    if (flow == nullptr)
        return;
    flow->upstream.has_ended = true;
    expect_more(*flow, stack::More::No);
    flow->upstream.ended_cleanly = how == Ending::Finish;
    if (flow->http != nullptr)
        pump(*flow);
    else if (how == Ending::Reset) {
        parts_.agent.reset(flow->id);
        end(*flow, Ending::Reset);
    } else {
        parts_.agent.finish(flow->id); // half-close: the agent may go on sending
        timers_.set(flow->id, at_.now + kIdleTimeout);
    }
    sweep();
}

void Core::drop_upstream(Flow& flow, Ending how)
{
    auto& upstream = flow.upstream;
    if (upstream.id == 0)
        return;
    by_upstream_.erase(upstream.id);
    expect_more(flow, stack::More::No);
    for (auto const id : stop_leading(flow))
        if (auto* other = waiting_flow(id))
            route_stream(*other); // one of them makes it
    bool const is_kept = keep_upstream(flow);
    if (flow.http1 != nullptr)
        flow.http1->upstream_is_gone();
    if (is_kept) {
        upstream = Upstream{};
        return;
    }
    if (upstream.state != UpstreamState::Resolve)
        commands_.push_back(CloseUpstream{upstream.id, how});
    upstream = Upstream{};
}

} // namespace osh::netproxy::core
