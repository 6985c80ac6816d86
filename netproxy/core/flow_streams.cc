// An agent's HTTP/2 connection and its streams. The connection (a carrier) only moves bytes; each
// stream is a flow that is judged, asked about, forwarded and ended by itself, with the carrier's
// name, caller and encryption.

#include "netproxy/core/core.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::core
{
namespace
{

constexpr FlowId kStreamBit = FlowId{1} << 62; // ids of the stack do not reach so far

} // namespace

void Core::become_carrier(Flow& flow)
{
    flow.http2 = std::make_unique<proxy::Http2Server>(
        flow.is_encrypted() ? proxy::HttpScheme::Https : proxy::HttpScheme::Http);
    flow.wire = flow.http2.get();
    flow.http = nullptr;
    flow.http1.reset();
}

void Core::pump_carrier(Flow& flow)
{
    if (flow.phase != Phase::Inspect || std::exchange(flow.is_pumping, true))
        return; // the pump that runs sees what a stream did
    flow.http2->set_time(at_.now);
    bool moved = true;
    while (moved) {
        moved = take_from_agent(flow);
        adopt_streams(flow);
        moved = pump_touched(flow) || moved;
        moved = give_to_agent(flow) || moved;
    }
    flow.is_pumping = false;
    give_turns(flow);
    settle_carrier(flow);
    if (flow.phase == Phase::Inspect)
        weigh(flow);
}

void Core::adopt_streams(Flow& flow)
{
    for (auto& exchange : flow.http2->take_arrived())
        adopt(flow, std::move(exchange));
    for (auto& why : flow.http2->take_refusals()) {
        policy::Decided line;
        line.kind = "request";
        line.decision = "deny";
        line.code = "bad_request";
        line.reason = std::move(why);
        journal(flow, std::move(line));
    }
}

void Core::adopt(Flow& carrier, std::unique_ptr<proxy::StreamExchange> exchange)
{
    if (stream_count_ >= kMaxStreams) {
        exchange->cut(proxy::Http2Error::RefusedStream);
        return;
    }
    auto stream = std::make_unique<Flow>();
    stream->id = kStreamBit | next_stream_++;
    stream->tuple = carrier.tuple;
    stream->host = carrier.host;
    stream->is_literal = carrier.is_literal;
    stream->phase = Phase::Inspect;
    stream->scheme = carrier.scheme;
    stream->policy = carrier.policy;
    stream->connect = carrier.connect;
    stream->was_allowed_by_person = carrier.was_allowed_by_person;
    stream->talk().misdirected_name = carrier.talk().misdirected_name;
    stream->carrier = &carrier;
    stream->stream = std::move(exchange);
    stream->stream->tag = stream->id;
    stream->http = stream->stream.get();
    ++stream_count_;
    carrier.talk().streams.push_back(stream->id);
    carrier.has_carried = true;
    carrier.is_idle = false;
    timers_.clear(carrier.id);
    auto& kept = *stream;
    flows_.emplace(kept.id, std::move(stream));
    pump_stream(kept);
}

bool Core::pump_touched(Flow& flow)
{
    auto const touched = flow.http2->take_touched();
    for (auto const id : touched)
        if (auto* stream = find(id))
            pump_stream(*stream);
    return !touched.empty();
}

void Core::pump_stream(Flow& flow)
{
    bool moved = true;
    while (moved && flow.phase == Phase::Inspect) {
        moved = judge(flow);
        moved = give_to_upstream(flow) || moved;
        moved = take_from_upstream(flow) || moved;
        moved = tell_fault(flow) || moved;
    }
    auto* const link = links_.find(flow.link);
    if (flow.phase == Phase::Inspect)
        settle_stream(flow);
    if (flow.phase == Phase::Inspect)
        weigh(flow);
    if (link != nullptr)
        pump_link(*link); // what it sends, and the room that it made
}

void Core::settle_stream(Flow& flow)
{
    auto& http = *flow.http;
    if (http.is_finished()) {
        journal_faults(flow);
        end(flow, http.was_cut() ? Ending::Reset : Ending::Finish);
        return;
    }
    bool const is_busy = http.needs_upstream() || http.waiting() != nullptr;
    if (http.waiting() == nullptr && http.message() == nullptr)
        give_up_question(flow); // nothing waits for its answer any more
    limit_closing(flow);
    if (!is_busy && flow.link_role == LinkRole::Waits)
        flow.link_role = LinkRole::None;
    if (!is_busy && !has_last_words(flow))
        drop_upstream(flow, Ending::Finish); // at once into the pool: another stream may use it
    if (!is_busy && !flow.is_idle) {
        flow.is_idle = true; // the rest of the answer waits for its reader, last words for theirs
        timers_.set(flow.id, at_.now + (has_last_words(flow) ? kLinger : kIdleTimeout));
    }
    attend(flow);
}

void Core::settle_carrier(Flow& flow)
{
    bool const has_failed =
        flow.agent_tls != nullptr && flow.agent_tls->state() == proxy::TlsState::Failed;
    if (has_failed && flow.agent_tls->output().empty()) {
        finish_agent(flow);
        return;
    }
    if (flow.http2->is_over()) {
        auto const& fault = flow.http2->fault();
        if (!fault.empty() && !std::exchange(flow.are_faults_told, true)) {
            policy::Decided line;
            line.kind = "connect";
            line.decision = "deny";
            line.code = "bad_request";
            line.reason = "the HTTP/2 connection was ended: " + fault;
            journal(flow, std::move(line));
        }
        end_streams(flow, Ending::Reset);
        say_goodbye(flow);
        return;
    }
    if (flow.talk().streams.empty() && !flow.is_idle && flow.has_carried) {
        flow.is_idle = true;
        timers_.set(flow.id, at_.now + kIdleTimeout);
    }
}

void Core::end_streams(Flow& carrier, Ending how)
{
    if (carrier.http2 == nullptr)
        return;
    for (auto const id : std::exchange(carrier.talk().streams, {}))
        if (auto* stream = find(id))
            end(*stream, how);
}

void Core::leave_carrier(Flow& stream)
{
    if (stream.carrier == nullptr)
        return;
    --stream_count_;
    stream.carrier->bytes_up += stream.stream->shared_bytes_up();
    stream.carrier->bytes_down += stream.stream->shared_bytes_down();
    std::erase(stream.carrier->talk().streams, stream.id);
}

} // namespace osh::netproxy::core
