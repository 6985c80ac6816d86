// An inspected flow: moves bytes through its layers until nothing moves any more.
//
//   agent ciphertext -> agent_tls -> http -> upstream.tls -> upstream
//                                     ^ judge
// Every step has a bounded buffer and takes only what the next one has room for, so a slow reader
// on one side stops the reading on the other.

#include "netproxy/core/agent_sink.h"
#include "netproxy/core/core.h"

#include <utility>

namespace osh::netproxy::core
{

using proxy::TlsState;

void Core::pump(Flow& flow)
{
    if (flow.http2 != nullptr)
        return pump_carrier(flow);
    if (flow.carrier == nullptr)
        return pump_connection(flow);
    auto& carrier = *flow.carrier; // outlives the stream until sweep()
    pump_stream(flow);
    pump_carrier(carrier);
}

void Core::pump_connection(Flow& flow)
{
    if (flow.http1 != nullptr)
        flow.http1->set_time(at_.now);
    bool moved = true;
    while (moved && flow.phase == Phase::Inspect) {
        moved = take_from_agent(flow);
        if (flow.http2 != nullptr)
            return pump_carrier(flow);
        moved = judge(flow) || moved;
        if (flow.phase != Phase::Inspect)
            return;
        moved = give_to_upstream(flow) || moved;
        if (flow.phase != Phase::Inspect)
            return;
        moved = take_from_upstream(flow) || moved;
        if (flow.phase != Phase::Inspect)
            return;
        moved = tell_fault(flow) || moved;
        moved = give_to_agent(flow) || moved;
    }
    if (flow.phase == Phase::Inspect)
        settle(flow);
    if (flow.phase == Phase::Inspect)
        weigh(flow);
}

bool Core::take_from_agent(Flow& flow)
{
    auto const received = parts_.agent.received(flow.id);
    bool const has_ended = received.empty() && parts_.agent.peer_finished(flow.id);
    if (flow.agent_tls == nullptr) {
        auto const taken = flow.wire->agent_bytes(received);
        parts_.agent.consume(flow.id, taken);
        if (has_ended && !flow.agent_end_told) {
            flow.agent_end_told = true;
            flow.wire->agent_ended();
            return true;
        }
        return taken > 0;
    }
    if (has_ended && flow.agent_tls->state() != TlsState::Closed)
        flow.agent_tls->transport_ended();
    bool const has_decrypted =
        (has_ended || !received.empty()) && decrypt_from_agent(flow, received);
    return take_plain_from_agent(flow) || has_decrypted;
}

// The next records, once those before are taken: until then they wait in the stack's ring.
bool Core::decrypt_from_agent(Flow& flow, Bytes received)
{
    auto& staged = flow.talk().agent_plain;
    if (!staged.is_empty())
        return false;
    bool const is_open = flow.agent_tls->state() != TlsState::Handshake;
    auto const moved =
        flow.agent_tls->decrypt(received, is_open ? staged.space(blocks_) : MutableBytes{});
    staged.commit(moved.given);
    staged.give_back(blocks_); // idle flows hold no buffer
    parts_.agent.consume(flow.id, moved.taken);
    return moved.taken > 0;
}

bool Core::take_plain_from_agent(Flow& flow)
{
    auto& staged = flow.talk().agent_plain;
    bool const is_chosen = flow.http2 != nullptr || flow.agent_tls->state() != TlsState::Open;
    if (!is_chosen && flow.agent_tls->alpn() == "h2")
        become_carrier(flow);
    auto const taken = flow.wire->agent_bytes(staged.front());
    staged.consume(taken, blocks_);
    auto const state = flow.agent_tls->state();
    bool const is_over = state == TlsState::Closed || state == TlsState::Failed;
    if (is_over && staged.is_empty() && !flow.agent_end_told) {
        flow.agent_end_told = true;
        // Later, it is a program that went away without a farewell: it had accepted the
        // certificate.
        if (state == TlsState::Failed && !flow.agent_tls->was_open())
            journal_.notice("ca_refused", flow.host + ": " + flow.agent_tls->failure(), at_.now);
        flow.wire->agent_ended();
        return true;
    }
    return taken > 0;
}

bool Core::give_to_upstream(Flow& flow)
{
    auto& upstream = flow.upstream;
    if (upstream.tls == nullptr)
        return false; // plain: the shell takes the parser's own output
    if (upstream.state == UpstreamState::Secure) {
        if (upstream.tls->state() == TlsState::Failed) {
            if (asks_with_http2(flow))
                return false;
            // Never a bypass: nothing was sent but the handshake (S15).
            secure_failed(flow);
            return false;
        }
        if (upstream.tls->state() != TlsState::Open)
            return false;
        upstream.state = UpstreamState::Open;
        timers_.clear(flow.id);
        if (flow.http1 != nullptr && upstream.tls->alpn() == "h2")
            expect_settings(flow);
        if (flow.link_role == LinkRole::Leads) {
            link_is_secure(flow);
            return true;
        }
    }
    auto const taken = upstream.tls->write(flow.http->to_upstream());
    flow.http->consume_to_upstream(taken);
    if (flow.http->has_finished_sending() && !std::exchange(upstream.has_said_goodbye, true))
        upstream.tls->close();
    return taken > 0;
}

bool Core::take_from_upstream(Flow& flow)
{
    auto& upstream = flow.upstream;
    if (upstream.id == 0)
        return false;
    bool is_over = upstream.has_ended && upstream.inbox.is_empty();
    bool is_clean = upstream.ended_cleanly;
    std::size_t moved = 0;
    if (upstream.tls != nullptr) {
        moved += take_plain_from_upstream(upstream);
        auto const state = upstream.tls->state();
        is_over = (is_over || state == TlsState::Closed || state == TlsState::Failed)
                  && upstream.plain.is_empty() && upstream.state == UpstreamState::Open;
        is_clean = state == TlsState::Closed; // without close_notify a body may be cut short
    }
    bool const is_plain = upstream.tls == nullptr;
    auto const source = is_plain ? upstream.inbox.front() : upstream.plain.front();
    auto const taken = flow.http->upstream_bytes(source);
    if (upstream.awaits_settings)
        settings_came(flow);
    bool const is_drained = taken == source.size();
    is_plain ? upstream.inbox.consume(taken, blocks_) : upstream.plain.consume(taken, blocks_);
    if (!is_over || !is_drained)
        return moved > 0 || taken > 0;
    return upstream_is_over(flow, is_clean);
}

// A kept connection that died meanwhile is tried once more. What TLS says about an end before the
// answer goes to the client: a server may refuse only after the handshake, by an alert (a client
// certificate in TLS 1.3, RFC 8446 section 4.4.2).
bool Core::upstream_is_over(Flow& flow, bool is_clean)
{
    note_silence(flow);
    bool const sends_again =
        flow.http->may_send_again() && !std::exchange(flow.was_sent_again, true);
    if (sends_again) {
        drop_upstream(flow, Ending::Finish);
        flow.http->send_again();
        if (flow.stream != nullptr)
            route_stream(flow);
        else
            open_upstream(flow);
        return true;
    }
    auto const* const tls = flow.upstream.tls.get();
    if (tls != nullptr && tls->state() == TlsState::Failed && flow.http->needs_upstream()
        && flow.http->response_status() == 0) {
        secure_failed(flow);
        return true;
    }
    flow.http->upstream_ended(is_clean);
    drop_upstream(flow, Ending::Finish);
    return true;
}

// Decrypts what came; returns how much moved.
std::size_t Core::take_plain_from_upstream(Upstream& upstream)
{
    auto const before = upstream.tls->state();
    bool const has_ended = upstream.has_ended && upstream.inbox.is_empty();
    if (has_ended && before != TlsState::Closed)
        upstream.tls->transport_ended();
    std::size_t moved = 0;
    if (upstream.plain.is_empty() && (has_ended || !upstream.inbox.is_empty())) {
        bool const is_open = upstream.state == UpstreamState::Open;
        auto const [taken, given] = upstream.tls->decrypt(
            upstream.inbox.front(), is_open ? upstream.plain.space(blocks_) : MutableBytes{});
        upstream.inbox.consume(taken, blocks_);
        upstream.plain.commit(given);
        upstream.plain.give_back(blocks_); // idle flows hold no buffer
        moved = taken;
    }
    return moved
           + (upstream.tls->state() != before ? 1 : 0); // a failed handshake is seen next round
}

bool Core::give_to_agent(Flow& flow)
{
    if (flow.agent_tls == nullptr) {
        auto const sent = send_to_agent(flow, flow.wire->to_agent());
        flow.wire->consume_to_agent(sent);
        return sent > 0;
    }
    auto const taken = flow.agent_tls->write(flow.wire->to_agent());
    flow.wire->consume_to_agent(taken);
    auto const sent = send_to_agent(flow, flow.agent_tls->output());
    flow.agent_tls->consume_output(sent);
    return taken > 0 || sent > 0;
}

std::size_t Core::send_to_agent(Flow& flow, Bytes bytes)
{
    return bytes.empty() ? 0 : AgentSink(parts_.agent, flow.id).write(bytes);
}

// Why the HTTP layer ended the connection on its own: a request it would not pass on, or an answer
// that it would not hand over.
void Core::journal_faults(Flow& flow)
{
    if (std::exchange(flow.are_faults_told, true))
        return;
    auto const& http = *flow.http;
    if (http.refusal().empty() && http.upstream_fault().empty())
        return;
    policy::Decided line;
    line.kind = "request";
    line.decision = "deny";
    line.code = http.refusal().empty() ? "upstream_protocol_error" : "bad_request";
    line.reason = http.refusal().empty() ? http.upstream_fault() : http.refusal();
    journal(flow, std::move(line));
}

void Core::say_goodbye(Flow& flow)
{
    if (flow.agent_tls != nullptr) {
        flow.agent_tls->close();
        flow.agent_tls->consume_output(send_to_agent(flow, flow.agent_tls->output()));
        if (!flow.agent_tls->output().empty()) { // the rest goes when the agent's window opens
            if (!std::exchange(flow.is_idle, true))
                timers_.set(flow.id, at_.now + kLinger);
            return;
        }
    }
    finish_agent(flow);
}

// Ends it so that the agent sees that something is missing.
void Core::cut_agent(Flow& flow)
{
    if (flow.carrier != nullptr) {
        flow.stream->cut(proxy::Http2Error::Cancel);
        return;
    }
    parts_.agent.reset(flow.id);
    end(flow, Ending::Reset);
}

// Nothing moves any more: is the flow over, idle, or waiting for someone?
void Core::settle(Flow& flow)
{
    auto& http = *flow.http;
    bool const has_failed =
        flow.agent_tls != nullptr && flow.agent_tls->state() == TlsState::Failed;
    if (has_failed && flow.agent_tls->output().empty()) {
        finish_agent(flow);
        return;
    }
    if (http.waiting() == nullptr && http.message() == nullptr)
        give_up_question(flow); // nothing waits for its answer any more
    if (notice_leaving(flow))
        return;
    limit_closing(flow);
    if (says_last_words(flow))
        return;
    if (http.is_finished() && flow.wire->to_agent().empty()) {
        journal_faults(flow);
        // An answer that is cut short must not look complete.
        return http.was_cut() ? cut_agent(flow) : say_goodbye(flow);
    }
    bool const is_busy = http.needs_upstream() || http.waiting() != nullptr;
    if (!is_busy) {
        expect_more(flow, stack::More::No);
        if (flow.request() != nullptr)
            flow.request()->body.reset(); // no new policy asks for it any more
    }
    if (!is_busy && flow.upstream.id != 0 && !http.upstream_is_reusable())
        drop_upstream(flow, Ending::Finish);
    bool const has_spoken = flow.request() != nullptr;
    if (!is_busy && has_spoken && !flow.is_idle) {
        flow.is_idle = true;
        timers_.set(flow.id, at_.now + kIdleTimeout);
    }
    attend(flow);
}

} // namespace osh::netproxy::core
