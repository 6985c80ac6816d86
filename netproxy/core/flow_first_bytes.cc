// What the client speaks decides how its flow goes on (security design H11, decision table at
// ClientHello). Nothing has reached an upstream on an inspected flow; on a spliced one the upstream
// is connected and has seen no byte.

#include "netproxy/core/agent_sink.h"
#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/core/first_bytes.h"
#include "netproxy/wire/client_hello.h"
#include "policy/base/text.h"

#include <utility>

namespace osh::netproxy::core
{

using wire::HelloStatus;

namespace
{

constexpr std::string_view kNeither = "this connection speaks neither TLS nor HTTP";

bool passes_through(std::vector<policy::ListedHost> const& hosts, Flow const& flow)
{
    return std::ranges::any_of(hosts, [&](auto const& one) { return one.matches(flow.host); });
}

bool names_the_host(Flow const& flow, wire::ClientHello const& hello)
{
    return flow.is_literal
           || (hello.status == HelloStatus::Complete && hello.server_name == flow.host
               && !hello.has_encrypted_hello);
}

} // namespace

void Core::look_at_first_bytes(Flow& flow)
{
    auto const start = parts_.agent.received(flow.id);
    switch (first_bytes(start)) {
    case Speaks::Tls: look_at_hello(flow); return;
    case Speaks::Http:
        if (!may_be_http2_preface(start) || start.size() >= kHttp2Preface.size())
            return start_inspection(flow);
        break;
    case Speaks::Other: carry_unread(flow, kNeither); return;
    case Speaks::NeedMore: break;
    }
    if (parts_.agent.peer_finished(flow.id)) // it closed without a word
        finish_agent(flow);
}

// Its time is not put off by each piece of it.
void Core::hello_has_begun(Flow& flow)
{
    if (!std::exchange(flow.has_hello_begun, true))
        timers_.set(flow.id, at_.now + kHelloTimeout);
}

void Core::look_at_hello(Flow& flow)
{
    auto const start = parts_.agent.received(flow.id);
    auto const hello = wire::read_client_hello(start);
    if (hello.status == HelloStatus::NeedMore && start.size() < wire::kMaxClientHello) {
        hello_has_begun(flow);
        return;
    }
    if (hello.status != HelloStatus::Complete) {
        carry_unread(flow, kNeither);
        return;
    }
    if (passes_through(settings_.passthrough, flow)) {
        carry_closed(flow, hello);
        return;
    }
    bool const is_misdirected =
        !flow.is_literal && !hello.server_name.empty() && hello.server_name != flow.host;
    // The leaf is for the name that the client will verify, so that it can read the answer.
    std::string leaf = flow.host;
    if (!hello.server_name.empty())
        leaf = hello.server_name;
    if (is_misdirected)
        flow.talk().misdirected_name = hello.server_name;
    auto session = parts_.agent_tls.accept(leaf, at_.wall, proxy::HttpVersions::Both);
    if (!session.ok()) {
        journal_.notice("leaf_failed", session.error().sentence, at_.now);
        parts_.agent.reset(flow.id);
        end(flow, Ending::Reset);
        return;
    }
    flow.agent_tls = *std::move(session);
    flow.agent_tls->send_to(std::make_unique<AgentSink>(parts_.agent, flow.id));
    start_inspection(flow);
}

void Core::start_inspection(Flow& flow)
{
    flow.http1 = std::make_unique<proxy::Http1Connection>(proxy::Http1Limits{},
        flow.is_encrypted() ? proxy::HttpScheme::Https : proxy::HttpScheme::Http);
    flow.http1->answer_through(flow.agent_tls.get());
    flow.http = flow.http1.get();
    flow.wire = flow.http1.get();
    flow.scheme = flow.is_encrypted() ? "https" : "http";
    flow.phase = Phase::Inspect;
    timers_.set(flow.id, at_.now + kHeadTimeout);
    // HTTP/2 without TLS and without asking (RFC 9113 section 3.3) is judged as any plain HTTP.
    if (!flow.is_encrypted() && may_be_http2_preface(parts_.agent.received(flow.id)))
        become_carrier(flow);
    pump(flow);
}

// May its TLS be terminated for no other reason than a rule that looks into requests?
bool Core::stays_closed(Flow const& flow) const
{
    return flow.connect->tls_skip || settings_.terminate == TerminateTls::Never
           || passes_through(settings_.passthrough, flow);
}

// TLS to a host of network.passthrough, where more than the name would have to be seen: a person
// can be asked about the connection, a rule about requests cannot be kept.
void Core::carry_closed(Flow& flow, wire::ClientHello const& hello)
{
    if (names_the_host(flow, hello))
        carry_unread(flow, "network.passthrough keeps the TLS of this host closed");
    else
        refuse_misnamed(flow, hello);
}

void Core::refuse_misnamed(Flow& flow, wire::ClientHello const& hello)
{
    auto line = decided_line("connect", flow.connect->verdict, "deny");
    line.code = "name_mismatch";
    line.reason =
        "the TLS client names " + in_quotes(hello.server_name) + " on a connection to " + flow.host;
    journal(flow, std::move(line));
    parts_.agent.reset(flow.id);
    end(flow, Ending::Reset);
}

// What nobody can look into: neither TLS nor HTTP, or TLS that stays closed. A rule at connection
// level carries it; a rule about requests cannot judge it; where nothing allows it, a person may be
// asked about the connection.
void Core::carry_unread(Flow& flow, std::string_view why)
{
    auto const& verdict = flow.connect->verdict;
    if (verdict.decision == policy::Decision::Deny) {
        if (is_askable(flow, verdict))
            park(flow, verdict);
        else
            refuse(flow, verdict);
        return;
    }
    if (flow.connect->inspection == policy::Inspection::Terminate) {
        policy::Verdict cannot = verdict;
        cannot.decision = policy::Decision::Deny;
        cannot.code = policy::DenyCode::Unsupported;
        cannot.reason = "the rule judges requests and " + std::string(why);
        refuse(flow, cannot);
        return;
    }
    journal(flow, decided_line("connect", verdict, "allow"));
    flow.phase = Phase::Connect;
    flow.may_send_upstream = true;
    open_upstream(flow);
}

// The client is silent: perhaps the server speaks first (SSH, SMTP).
void Core::silence_is_over(Flow& flow)
{
    bool const has_begun = !parts_.agent.received(flow.id).empty();
    if (has_begun || is_http_port(flow.tuple.destination_port)) {
        parts_.agent.reset(flow.id); // a head or hello that does not come
        end(flow, Ending::Reset);
        return;
    }
    if (flow.connect->verdict.decision != policy::Decision::Deny
        && flow.connect->inspection == policy::Inspection::Terminate) {
        timers_.set(flow.id, at_.now + kHeadTimeout);
        return; // judged by request: only the client can begin
    }
    carry_unread(flow, kNeither);
}

// On a spliced flow the first bytes pass only when they do not name another host. True: go on.
bool Core::check_spliced_start(Flow& flow)
{
    auto const start = parts_.agent.received(flow.id);
    if (flow.may_send_upstream || start.empty())
        return flow.may_send_upstream;
    if (first_bytes(start) != Speaks::Tls) {
        flow.may_send_upstream = true;
        return true;
    }
    auto const hello = wire::read_client_hello(start);
    if (hello.status == HelloStatus::NeedMore && start.size() < wire::kMaxClientHello) {
        hello_has_begun(flow);
        return false;
    }
    timers_.clear(flow.id);
    if (hello.has_encrypted_hello && !stays_closed(flow)) {
        // The name that counts may be hidden, and GREASE looks the same (RFC 9849). Terminated, the
        // extension means nothing and the client goes on without it.
        drop_upstream(flow, Ending::Finish);
        look_at_hello(flow);
        return false;
    }
    if (names_the_host(flow, hello) || hello.status == HelloStatus::NotTls) {
        flow.may_send_upstream = true;
        return true;
    }
    refuse_misnamed(flow, hello);
    return false;
}

} // namespace osh::netproxy::core
