// Heads and bodies to the agent, written anew from what was read: never a byte of the original.
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

// A server that echoes a secret as the name of a field has that field left out.
void append_cleaned(std::string& head, HttpField const& field, AnswerCleaner const& cleaner)
{
    if (!cleaner.is_active())
        append_field(head, field.name, field.value);
    else if (!cleaner.is_in_name(field.name))
        append_field(head, field.name, cleaner.replaced(field.value));
}

} // namespace

void Http1Connection::Impl::write_informational(ParsedResponse const& response)
{
    auto head =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, cleaner.replaced(response.reason));
    for (auto const& field : response.fields)
        append_cleaned(head, field, cleaner);
    to_agent.append(head.append("\r\n"));
}

void Http1Connection::Impl::write_answer_head(ParsedResponse const& response)
{
    std::string head;
    head.reserve(1024);
    fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\n", response.status,
        cleaner.replaced(response.reason));
    for (auto const& field : response.fields)
        append_cleaned(head, field, cleaner);
    if (response.status == 101) {
        append_field(head, "Connection", "Upgrade");
        append_field(head, "Upgrade", "websocket");
        to_agent.append(head.append("\r\n"));
        return;
    }
    bool const has_length = response.content_length && response.status != 204
                            && answer_framing != BodyKind::Chunked
                            && answer_framing != BodyKind::UntilClose;
    if (answer_framing == BodyKind::Chunked) {
        append_field(head, "Transfer-Encoding", "chunked");
        if (!response.announced_trailers.empty())
            append_field(head, "Trailer", cleaner.replaced(response.announced_trailers));
    } else if (has_length && (cleaner.keeps_length() || *response.content_length == 0))
        append_field(head, "Content-Length", fmt::to_string(*response.content_length));
    close_after = close_after || answer_framing == BodyKind::UntilClose;
    if (close_after)
        append_field(head, "Connection", "close");
    to_agent.append(head.append("\r\n"));
}

void Http1Connection::Impl::write_answer_payload(Bytes payload)
{
    std::string clean;
    if (cleaner.is_active()) {
        if (auto const fed = cleaner.feed(text_of(payload), clean); !fed.ok())
            return answer_broken(fed.error().sentence);
        payload = bytes_of(clean);
    }
    if (payload.empty())
        return;
    if (answer_framing == BodyKind::Chunked)
        append_chunk(to_agent, payload);
    else
        pass_payload(payload);
}

// Small pieces wait for what belongs to them: one TLS record of a head and a body, not two.
void Http1Connection::Impl::pass_payload(Bytes payload)
{
    constexpr std::size_t kLarge = 8 * 1024;
    if (next_step != nullptr && payload.size() >= kLarge && to_agent.is_empty())
        payload = payload.subspan(next_step->write(payload));
    if (!payload.empty())
        to_agent.append(payload);
}

Result<> Http1Connection::Impl::end_answer_body(std::vector<HttpField> trailers)
{
    std::string rest;
    TRY(cleaner.finish(rest));
    if (!rest.empty() && answer_framing == BodyKind::Chunked)
        append_chunk(to_agent, bytes_of(rest));
    else
        to_agent.append(rest);
    if (answer_framing == BodyKind::Chunked) {
        std::erase_if(trailers, [&](auto const& field) { return cleaner.is_in_name(field.name); });
        for (auto& field : trailers)
            field.value = cleaner.replaced(field.value);
        append_last_chunk(to_agent, trailers);
    }
    return {};
}

void Http1Connection::Impl::write_local(LocalAnswer const& reply)
{
    auto head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
    append_field(head, "Content-Type", reply.content_type);
    append_field(head, "Content-Length", fmt::to_string(reply.body.size()));
    append_field(head, "Cache-Control", "no-store");
    for (auto const& field : reply.fields) {
        if (is_token(field.name) && is_safe_value(field.value) && !is_our_field(field.name))
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
