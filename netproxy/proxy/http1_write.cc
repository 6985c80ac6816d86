// Heads and bodies out, written anew from what was judged or read: never a byte of the original.
#include "netproxy/proxy/http1_machine.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace osh::netproxy::proxy
{
namespace
{

// Framing and connection options are ours; a plan that holds them is ignored in these.
constexpr std::array<std::string_view, 5> kOurs = {
    "host", "content-length", "transfer-encoding", "connection", "upgrade"};

bool is_ours(std::string_view name)
{
    return std::any_of(kOurs.begin(), kOurs.end(),
        [name](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

// A secret with a line break in it, or a path with a blank, would make two requests out of one.
bool is_safe(Forward const& plan)
{
    bool const has_safe_fields = std::all_of(plan.fields.begin(), plan.fields.end(),
        [](HttpField const& field) { return is_token(field.name) && is_safe_value(field.value); });
    return has_safe_fields && is_safe_target(plan.path_and_query) && !plan.host.empty()
           && is_safe_value(plan.host) && plan.host.find(' ') == std::string::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out.append(name).append(": ").append(value).append("\r\n");
}

std::string_view reason_of(int status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Refused";
    }
}

void append_chunk(ByteQueue& queue, Bytes payload)
{
    std::array<char, 24> line{};
    auto const end = fmt::format_to_n(line.data(), line.size(), "{:x}\r\n", payload.size()).out;
    queue.append(std::string_view(line.data(), static_cast<std::size_t>(end - line.data())));
    queue.append(payload);
    queue.append("\r\n");
}

} // namespace

void Http1Connection::Impl::forward(Forward new_plan)
{
    plan = std::move(new_plan);
    if (!is_safe(plan))
        return answer(json_error(502, "unsafe_request",
            "the request was not sent: a part that osh put into it holds a blank or a control "
            "byte"));
    if (plan.is_websocket && !request.head.wants_websocket)
        plan.is_websocket = false;
    scrubber = Scrubber(std::move(plan.scrub), std::move(plan.scrub_with));
    informational = 0;
    has_answer_begun = false;
    has_upstream_spoken = false;
    is_answer_over = false;
    answer_text.clear();
    upstream = UpstreamState::Head;
    agent = request_body.is_done() ? AgentState::Done : AgentState::Body;
    request_framing = request.framing.kind;
    if (wanted && request_body.is_done() && request.head.has_body)
        request_framing = BodyKind::Length; // its length is known now
    write_request_head();
    send_kept_body();
}

void Http1Connection::Impl::write_request_head()
{
    std::string head;
    head.reserve(1024);
    head.append(request.head.method)
        .append(" ")
        .append(plan.path_and_query)
        .append(" HTTP/1.1\r\n");
    append_field(head, "Host", plan.host);
    for (auto const& field : plan.fields) {
        // Compression would hide a secret from the scrubber; an awaited 100 was already given.
        bool const is_replaced =
            scrubber.is_active() && equals_ignoring_case(field.name, "accept-encoding");
        bool const was_answered =
            equals_ignoring_case(field.name, "expect") && (wanted || !request.expects_continue);
        if (!is_ours(field.name) && !is_replaced && !was_answered)
            append_field(head, field.name, field.value);
    }
    if (scrubber.is_active())
        append_field(head, "Accept-Encoding", "identity");
    if (plan.is_websocket) {
        append_field(head, "Connection", "Upgrade");
        append_field(head, "Upgrade", "websocket");
    }
    if (request_framing == BodyKind::Chunked) {
        append_field(head, "Transfer-Encoding", "chunked");
    } else if (request_framing == BodyKind::Length || request.head.content_length) {
        auto const length = wanted && request_body.is_done() ? kept.size() : request.framing.length;
        append_field(head, "Content-Length", fmt::to_string(length));
    } else if (request.head.method == "POST" || request.head.method == "PUT"
               || request.head.method == "PATCH") {
        append_field(head, "Content-Length", "0"); // RFC 9110 section 8.6
    }
    head.append("\r\n");
    to_upstream.append(head);
    sent_head = std::move(head);
}

void Http1Connection::Impl::send_kept_body()
{
    if (wanted && !kept.empty())
        write_request_payload(bytes_of(kept));
    kept.clear();
    if (agent == AgentState::Done && request_framing == BodyKind::Chunked)
        to_upstream.append("0\r\n\r\n");
}

void Http1Connection::Impl::write_request_payload(Bytes payload)
{
    if (request_framing == BodyKind::Chunked)
        append_chunk(to_upstream, payload);
    else
        to_upstream.append(payload);
}

void Http1Connection::Impl::end_request_body()
{
    if (request_framing == BodyKind::Chunked)
        to_upstream.append("0\r\n\r\n");
    agent = AgentState::Done;
    maybe_end_exchange();
}

void Http1Connection::Impl::write_informational(ParsedResponse const& response)
{
    auto head =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, scrubber.replaced(response.reason));
    for (auto const& field : response.fields)
        append_field(head, field.name, scrubber.replaced(field.value));
    to_agent.append(head.append("\r\n"));
}

void Http1Connection::Impl::write_answer_head(ParsedResponse const& response)
{
    auto head =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, scrubber.replaced(response.reason));
    for (auto const& field : response.fields)
        append_field(head, field.name, scrubber.replaced(field.value));
    if (response.status == 101) {
        append_field(head, "Connection", "Upgrade");
        append_field(head, "Upgrade", "websocket");
        to_agent.append(head.append("\r\n"));
        return;
    }
    bool const has_length = response.content_length && response.status != 204
                            && answer_framing != BodyKind::Chunked
                            && answer_framing != BodyKind::UntilClose;
    bool const keeps_length = !scrubber.is_active() || scrubber.keeps_length();
    if (answer_framing == BodyKind::Chunked)
        append_field(head, "Transfer-Encoding", "chunked");
    else if (has_length && (keeps_length || *response.content_length == 0))
        append_field(head, "Content-Length", fmt::to_string(*response.content_length));
    close_after = close_after || answer_framing == BodyKind::UntilClose;
    if (close_after)
        append_field(head, "Connection", "close");
    to_agent.append(head.append("\r\n"));
}

void Http1Connection::Impl::write_answer_payload(Bytes payload)
{
    std::string clean;
    if (scrubber.is_active()) {
        scrubber.feed(text_of(payload), clean);
        payload = bytes_of(clean);
    }
    if (payload.empty())
        return;
    if (answer_framing == BodyKind::Chunked)
        append_chunk(to_agent, payload);
    else
        to_agent.append(payload);
}

void Http1Connection::Impl::end_answer_body()
{
    std::string rest;
    scrubber.finish(rest);
    if (!rest.empty() && answer_framing == BodyKind::Chunked)
        append_chunk(to_agent, bytes_of(rest));
    else
        to_agent.append(rest);
    if (answer_framing == BodyKind::Chunked)
        to_agent.append("0\r\n\r\n");
}

void Http1Connection::Impl::write_local(LocalAnswer const& reply)
{
    auto head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
    append_field(head, "Content-Type", reply.content_type);
    append_field(head, "Content-Length", fmt::to_string(reply.body.size()));
    append_field(head, "Cache-Control", "no-store");
    for (auto const& field : reply.fields) {
        if (is_token(field.name) && is_safe_value(field.value) && !is_ours(field.name))
            append_field(head, field.name, field.value);
    }
    if (reply.close)
        append_field(head, "Connection", "close");
    head.append("\r\n");
    if (request.head.method != "HEAD")
        head.append(reply.body);
    to_agent.append(head);
}

} // namespace osh::netproxy::proxy
