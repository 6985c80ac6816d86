// Answers in: 1xx, the final head, the body; as strict as with requests. A fault before the answer
// began becomes a 502, later the connection is cut, so that the agent sees that it is incomplete.
#include "netproxy/proxy/http1_machine.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace osh::netproxy::proxy
{

namespace
{

constexpr int kContinue = 100;
constexpr int kSwitchingProtocols = 101;

// RFC 9112 section 6.3: these never have a body, whatever their fields say.
bool has_no_body(int status, std::string_view method)
{
    return method == "HEAD" || status == 204 || status == 304;
}

} // namespace

std::size_t Http1Connection::Impl::upstream_room() const
{
    auto const room = to_agent.room(limits.buffered);
    switch (upstream) {
    case UpstreamState::Idle: return limits.buffered; // taken and forgotten
    case UpstreamState::Head: return limits.head;
    case UpstreamState::Body: return room > kChunkOverhead ? room - kChunkOverhead : 0;
    case UpstreamState::Tunnel: return room;
    }
    return 0;
}

std::size_t Http1Connection::Impl::take_upstream(Bytes bytes)
{
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        auto const rest = bytes.subspan(taken);
        std::size_t count = 0;
        switch (upstream) {
        case UpstreamState::Idle:
            // Bytes that no request asked for: the next answer could not be told from them.
            is_reusable = false;
            count = rest.size();
            break;
        case UpstreamState::Head: count = take_answer_head(rest); break;
        case UpstreamState::Body: count = take_answer_body(rest); break;
        case UpstreamState::Tunnel:
            count = std::min(rest.size(), upstream_room());
            to_agent.append(rest.first(count));
            break;
        }
        if (count == 0)
            break;
        taken += count;
    }
    return taken;
}

std::size_t Http1Connection::Impl::take_answer_head(Bytes bytes)
{
    has_upstream_spoken = true;
    auto const old = answer_text.size();
    auto const room = limits.head - std::min(limits.head, old);
    answer_text.append(text_of(bytes.first(std::min(bytes.size(), room))));
    auto const end = end_of_head(answer_text, old);
    if (end == std::string_view::npos) {
        auto const taken = answer_text.size() - old;
        if (answer_text.size() >= limits.head)
            upstream_is_broken("the head of its answer is too long");
        return taken;
    }
    answer_text.resize(end);
    answer_head_is_complete();
    return end - old;
}

void Http1Connection::Impl::answer_head_is_complete()
{
    auto const parsed = parse_response(answer_text, limits);
    answer_text.clear();
    if (!parsed)
        return upstream_is_broken(parsed.error().sentence);
    if (parsed->status == kSwitchingProtocols)
        switch_protocols(*parsed);
    else if (parsed->status < 200)
        informational_answer(*parsed);
    else
        final_answer(*parsed);
}

void Http1Connection::Impl::informational_answer(ParsedResponse const& response)
{
    if (++informational > limits.informational)
        return upstream_is_broken("too many 1xx answers");
    if (response.framing.kind == BodyKind::Chunked || response.framing.kind == BodyKind::Length)
        return upstream_is_broken("a 1xx answer that announces a body");
    bool const was_answered = response.status == kContinue && (wanted || !request.expects_continue);
    if (request.head.minor_version == 1 && !was_answered)
        write_informational(response);
}

void Http1Connection::Impl::switch_protocols(ParsedResponse const& response)
{
    std::string_view key;
    for (auto const& field : plan.fields) {
        if (equals_ignoring_case(field.name, "sec-websocket-key"))
            key = field.value;
    }
    bool const is_asked = plan.is_websocket && agent == AgentState::Done && !key.empty();
    if (!is_asked || !response.upgrades_to_websocket)
        return upstream_is_broken("it switched protocols without being asked");
    if (response.websocket_accept.empty() || response.websocket_accept != websocket_accept(key))
        return upstream_is_broken("its Sec-WebSocket-Accept does not match the key");
    status = response.status;
    has_answer_begun = true;
    write_answer_head(response);
    agent = AgentState::Tunnel;
    upstream = UpstreamState::Tunnel;
}

void Http1Connection::Impl::final_answer(ParsedResponse const& response)
{
    auto framing = response.framing;
    if (has_no_body(response.status, request.head.method))
        framing = {BodyKind::None, 0};
    if (scrubber.is_active() && response.is_encoded && framing.kind != BodyKind::None)
        return upstream_is_broken("its answer is compressed although it was asked not to, so "
                                  "secrets in it cannot be seen");
    status = response.status;
    has_answer_begun = true;
    answer_keeps_alive = response.keeps_alive && framing.kind != BodyKind::UntilClose;
    answer_body.start(framing);
    answer_framing = framing.kind;
    bool const keeps_length = !scrubber.is_active() || scrubber.keeps_length();
    if (framing.kind == BodyKind::UntilClose || (framing.kind == BodyKind::Length && !keeps_length))
        answer_framing = BodyKind::Chunked;
    // HTTP/1.0 has no chunks: the end of the connection ends the body.
    if (answer_framing == BodyKind::Chunked && request.head.minor_version == 0)
        answer_framing = BodyKind::UntilClose;
    if (agent != AgentState::Done || has_agent_ended)
        close_after = true; // an early answer: we do not wait for the rest of the body
    write_answer_head(response);
    upstream = UpstreamState::Body;
    if (answer_body.is_done())
        answer_is_over();
}

std::size_t Http1Connection::Impl::take_answer_body(Bytes bytes)
{
    auto const piece = answer_body.next(bytes.first(std::min(bytes.size(), upstream_room())));
    if (!piece.payload.empty())
        write_answer_payload(piece.payload);
    if (answer_body.is_broken())
        upstream_is_broken(std::string(answer_body.fault()));
    else if (answer_body.is_done())
        answer_is_over();
    return piece.consumed;
}

void Http1Connection::Impl::answer_is_over()
{
    end_answer_body();
    is_answer_over = true;
    maybe_end_exchange();
}

void Http1Connection::Impl::upstream_ended(bool cleanly)
{
    switch (upstream) {
    case UpstreamState::Idle: is_reusable = false; break;
    case UpstreamState::Tunnel:
        was_cut = !cleanly;
        upstream = UpstreamState::Idle;
        finish();
        break;
    case UpstreamState::Head:
        upstream_is_broken("it closed the connection without an answer");
        break;
    case UpstreamState::Body:
        if (cleanly)
            answer_body.connection_ended();
        if (answer_body.is_done())
            answer_is_over();
        else
            upstream_is_broken("it closed the connection in the middle of its answer");
        break;
    }
}

void Http1Connection::Impl::upstream_is_broken(std::string why)
{
    upstream_fault = std::move(why);
    if (has_answer_begun)
        return cut();
    upstream = UpstreamState::Idle;
    is_reusable = false;
    answer(json_error(502, "upstream_protocol_error",
        fmt::format("{}: the upstream server is at fault: {}", plan.host, upstream_fault)));
}

} // namespace osh::netproxy::proxy
