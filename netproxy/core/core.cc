#include "netproxy/core/core.h"

#include "netproxy/core/denial.h"

namespace osh::netproxy::core
{

Core::Core(Parts const& parts, Settings settings, std::shared_ptr<policy::Policy const> policy)
    : parts_(parts), settings_(std::move(settings)), policy_(std::move(policy)),
      labels_(settings_.new_names)
{
    OSH_CHECK(policy_ != nullptr);
}

Flow* Core::find(FlowId id)
{
    auto const found = flows_.find(id);
    if (found == flows_.end() || found->second->phase == Phase::Gone)
        return nullptr;
    return found->second.get();
}

Flow const* Core::find_upstream(UpstreamId id) const
{
    auto const by_id = by_upstream_.find(id);
    if (by_id == by_upstream_.end())
        return nullptr;
    auto const found = flows_.find(by_id->second);
    return found == flows_.end() || found->second->phase == Phase::Gone ? nullptr
                                                                        : found->second.get();
}

Flow* Core::find_upstream(UpstreamId id)
{
    auto const by_id = by_upstream_.find(id);
    return by_id == by_upstream_.end() ? nullptr : find(by_id->second);
}

void Core::handle(stack::Event const& event, Moment at)
{
    at_ = at;
    if (auto const* open = std::get_if<stack::TcpOpened>(&event))
        opened(*open);
    else if (auto const* readable_event = std::get_if<stack::TcpReadable>(&event)) {
        if (auto* flow = find(readable_event->flow))
            readable(*flow);
    } else if (auto const* writable = std::get_if<stack::TcpWritable>(&event)) {
        if (auto* flow = find(writable->flow))
            readable(*flow);
    } else if (auto const* over = std::get_if<stack::TcpClosed>(&event)) {
        if (auto* flow = find(over->flow))
            closed(*flow, over->was_reset ? Ending::Reset : Ending::Finish);
    } else if (auto const* question = std::get_if<stack::DnsAsked>(&event))
        asked(*question);
    else if (auto const* datagram = std::get_if<stack::UdpReceived>(&event))
        this->datagram(*datagram);
    sweep();
}

// Something moved on the agent's side of an accepted flow.
void Core::readable(Flow& flow)
{
    switch (flow.phase) {
    case Phase::FirstBytes: look_at_first_bytes(flow); break;
    case Phase::Inspect: pump(flow); break;
    case Phase::Splice: pump_splice(flow); break;
    case Phase::Draining:
        parts_.agent.consume(flow.id, parts_.agent.received(flow.id).size());
        break;
    case Phase::Parked: notice_leaving(flow); break;
    case Phase::Identify:
    case Phase::Connect:
    case Phase::Gone: break;
    }
}

void Core::handle_time(Moment at)
{
    at_ = at;
    while (auto const id = timers_.take_due(at.now)) {
        if (auto* flow = find(id))
            timed_out(*flow);
    }
    handle_leaving_time();
    handle_udp_time();
    handle_pool_time();
    handle_link_time();
    read_on();
    sweep();
}

void Core::timed_out(Flow& flow)
{
    if (flow.question != 0) {
        policy::Answer const expired{flow.question, false, "expired", ""};
        commands_.push_back(Tell{policy::QuestionGone{flow.question}});
        release(flow, expired);
        return;
    }
    switch (flow.phase) {
    case Phase::Identify:
        // Init did not answer: nothing is known, nothing is allowed.
        parts_.agent.refuse(flow.id, stack::Unreachable::AdminProhibited);
        end(flow, Ending::Finish);
        break;
    case Phase::Connect:
        upstream_failed(flow, DialFailure::TimedOut, "connecting took too long");
        break;
    case Phase::FirstBytes: silence_is_over(flow); break;
    case Phase::Inspect:
        if (has_waited_long(flow) || has_waited_enough(flow))
            break;
        if (flow.link_role == LinkRole::Waits
            || (flow.upstream.state != UpstreamState::None
                && flow.upstream.state != UpstreamState::Open))
            upstream_failed(flow, DialFailure::TimedOut, "connecting took too long");
        else if (flow.carrier != nullptr) {
            cut_agent(flow); // an answer that nobody reads
            pump(flow);
        } else
            finish_agent(flow);
        break;
    case Phase::Splice:
    case Phase::Parked:
    case Phase::Draining:
        parts_.agent.reset(flow.id);
        end(flow, Ending::Reset);
        break;
    case Phase::Gone: break;
    }
}

// The stack reports the end of a flow: its id is invalid from here on.
void Core::closed(Flow& flow, Ending how)
{
    end(flow, how);
}

// Our own record of a flow ends; the stack was told, or told us.
void Core::end(Flow& flow, Ending how)
{
    if (flow.phase == Phase::Identify)
        --pending_owners_;
    end_streams(flow, how);
    leave_carrier(flow);
    give_up_question(flow);
    drop_upstream(flow, how);
    timers_.clear(flow.id);
    if (flow.is_accepted && (flow.bytes_up > 0 || flow.bytes_down > 0))
        journal_.closed(
            {target_of(flow), flow.who().program(), flow.bytes_up, flow.bytes_down}, at_.now);
    flow.phase = Phase::Gone;
    weigh(flow);
    gone_.push_back(flow.id);
    leave_link(flow);
}

// Our side has nothing more to say; the flow lives on until the agent has closed too.
void Core::finish_agent(Flow& flow)
{
    end_streams(flow, Ending::Finish);
    give_up_question(flow);
    drop_upstream(flow, Ending::Finish);
    parts_.agent.finish(flow.id);
    flow.phase = Phase::Draining;
    flow.http = nullptr;
    flow.wire = nullptr;
    flow.http1.reset();
    flow.http2.reset();
    flow.agent_tls.reset();
    weigh(flow);
    parts_.agent.consume(flow.id, parts_.agent.received(flow.id).size());
    timers_.set(flow.id, at_.now + kLinger);
}

// Flows end in the middle of functions that still hold a reference: they are freed only here.
void Core::sweep()
{
    for (auto const id : gone_)
        flows_.erase(id);
    gone_.clear();
    links_.sweep();
}

void Core::attend(Flow& flow)
{
    auto& upstream = flow.upstream;
    bool const is_connected =
        upstream.state == UpstreamState::Open || upstream.state == UpstreamState::Secure;
    if (!is_connected || upstream.attend_queued)
        return;
    upstream.attend_queued = true;
    commands_.push_back(Attend{upstream.id});
}

void Core::take_commands(std::vector<Command>& into)
{
    for (auto const& command : commands_)
        if (auto const* one = std::get_if<Attend>(&command)) {
            if (auto* flow = find_upstream(one->upstream))
                flow->upstream.attend_queued = false;
            else if (auto* link = links_.find(one->upstream))
                link->upstream.attend_queued = false;
        }
    into.clear();
    into.swap(commands_);
}

std::vector<Command> Core::take_commands()
{
    std::vector<Command> taken;
    take_commands(taken);
    return taken;
}

policy::ConnectQuestion Core::question_of(Flow const& flow) const
{
    return {flow.who().caller(), flow.host, flow.tuple.destination_port, policy::Transport::Tcp};
}

policy::Target Core::target_of(Flow const& flow) const
{
    policy::Target target;
    target.host = flow.host;
    target.port = flow.tuple.destination_port;
    target.scheme = flow.scheme;
    if (flow.request() != nullptr) {
        target.method = flow.request()->method;
        target.path = flow.request()->canonical_path.empty() ? flow.request()->path
                                                             : flow.request()->canonical_path;
    }
    if (flow.is_literal)
        target.ip = flow.host;
    return target;
}

void Core::journal(Flow const& flow, policy::Decided line)
{
    if (journal_.may_write(at_.now))
        write_journal(flow, std::move(line));
}

// Of every request: nothing is put together for a line that will not be written.
void Core::journal_request(
    Flow const& flow, policy::Verdict const& verdict, std::string_view decision)
{
    if (journal_.may_write(at_.now))
        write_journal(flow, decided_line("request", verdict, decision));
}

void Core::write_journal(Flow const& flow, policy::Decided line)
{
    line.program = flow.who().program();
    line.target = target_of(flow);
    if (flow.talked() != nullptr)
        line.question = flow.talked()->answer_id;
    journal_.write(std::move(line));
}

policy::Decided decided_line(
    std::string_view kind, policy::Verdict const& verdict, std::string_view decision)
{
    policy::Decided line;
    line.kind = kind;
    line.decision = decision;
    if (decision == "deny")
        line.code = code_word(verdict.code);
    line.policy = verdict.rule.policy;
    line.rule_file = verdict.rule.file;
    line.rule_line = verdict.rule.line;
    line.reason = verdict.reason;
    return line;
}

} // namespace osh::netproxy::core
