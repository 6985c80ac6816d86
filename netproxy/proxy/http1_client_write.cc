// Requests out, written anew from what was judged: never a byte of the original.
#include "netproxy/proxy/http1_client.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::array<std::string_view, 5> kOurs = {
    "host", "content-length", "transfer-encoding", "connection", "upgrade"};

bool needs_a_length(std::string_view method)
{
    return method == "POST" || method == "PUT" || method == "PATCH"; // RFC 9110 section 8.6
}

std::string target_of(Forward const& plan)
{
    if (!plan.is_to_proxy)
        return plan.path_and_query;
    // "OPTIONS *" has no path there (RFC 9112 section 3.2.4).
    return "http://" + plan.host + (plan.path_and_query == "*" ? "" : plan.path_and_query);
}

} // namespace

bool has_secrets(Forward const& plan)
{
    return !plan.scrub.is_empty();
}

std::string websocket_key_in(Forward const& plan)
{
    auto const found = std::find_if(plan.fields.rbegin(), plan.fields.rend(),
        [](auto const& field) { return equals_ignoring_case(field.name, "sec-websocket-key"); });
    return found == plan.fields.rend() ? std::string() : found->value;
}

bool is_our_field(std::string_view name)
{
    return std::any_of(kOurs.begin(), kOurs.end(),
        [name](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

bool is_safe(Forward const& plan)
{
    bool const has_safe_fields = std::all_of(plan.fields.begin(), plan.fields.end(),
        [](HttpField const& field) { return is_token(field.name) && is_safe_value(field.value); });
    return has_safe_fields && is_safe_target(plan.path_and_query) && !plan.host.empty()
           && is_safe_value(plan.host) && is_safe_value(plan.proxy_authorization)
           && plan.host.find(' ') == std::string::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_chunk(ByteQueue& queue, Bytes payload)
{
    std::array<char, 24> line{};
    auto const end = fmt::format_to_n(line.data(), line.size(), "{:x}\r\n", payload.size()).out;
    queue.append(std::string_view(line.data(), static_cast<std::size_t>(end - line.data())));
    queue.append(payload);
    queue.append("\r\n");
}

void append_last_chunk(ByteQueue& queue, std::vector<HttpField> const& trailers)
{
    std::string text = "0\r\n";
    for (auto const& field : trailers)
        append_field(text, field.name, field.value);
    queue.append(text.append("\r\n"));
}

void Http1Client::start(Forward const& plan, Request const& request)
{
    method_ = request.method;
    is_websocket_ = plan.is_websocket;
    is_to_proxy_ = plan.is_to_proxy;
    websocket_key_ = is_websocket_ ? websocket_key_in(plan) : "";
    request_framing_ = request.framing.kind;
    is_request_over_ = request_framing_ == BodyKind::None;
    informational_ = 0;
    has_spoken_ = false;
    answer_text_.clear();
    state_ = State::Head;
    write_head(plan, request);
}

void Http1Client::append_framing(std::string& head, Request const& request) const
{
    if (request_framing_ == BodyKind::Chunked) {
        append_field(head, "Transfer-Encoding", "chunked");
        if (!request.announced_trailers.empty())
            append_field(head, "Trailer", request.announced_trailers);
    } else if (request_framing_ == BodyKind::Length || request.states_length) {
        append_field(head, "Content-Length", fmt::to_string(request.framing.length));
    } else if (needs_a_length(method_)) {
        append_field(head, "Content-Length", "0");
    }
}

void Http1Client::write_head(Forward const& plan, Request const& request)
{
    bool const hides_secrets = has_secrets(plan);
    auto& head = sent_head_;
    head.clear(); // its memory is used again
    head.reserve(1024);
    head.append(method_).append(" ").append(target_of(plan)).append(" HTTP/1.1\r\n");
    append_field(head, "Host", plan.host);
    if (plan.is_to_proxy && !plan.proxy_authorization.empty())
        append_field(head, "Proxy-Authorization", plan.proxy_authorization);
    for (auto const& field : plan.fields) {
        // Compression would hide a secret from the scrubber; an awaited 100 was already given.
        bool const is_replaced =
            hides_secrets && equals_ignoring_case(field.name, "accept-encoding");
        bool const was_answered =
            request.was_continued && equals_ignoring_case(field.name, "expect");
        if (!is_our_field(field.name) && !is_replaced && !was_answered)
            append_field(head, field.name, field.value);
    }
    if (hides_secrets)
        append_field(head, "Accept-Encoding", "identity");
    if (plan.is_websocket) {
        append_field(head, "Connection", "Upgrade");
        append_field(head, "Upgrade", "websocket");
    } else if (request.takes_trailers) {
        append_field(head, "Connection", "TE");
        append_field(head, "TE", "trailers");
    }
    append_framing(head, request);
    head.append("\r\n");
    to_upstream_.append(head);
}

void Http1Client::payload(Bytes bytes)
{
    if (request_framing_ == BodyKind::Chunked)
        append_chunk(to_upstream_, bytes);
    else
        to_upstream_.append(bytes);
}

void Http1Client::end_payload(std::vector<HttpField> const& trailers)
{
    if (request_framing_ == BodyKind::Chunked)
        append_last_chunk(to_upstream_, trailers);
    is_request_over_ = true;
}

std::size_t Http1Client::payload_room() const
{
    auto const room = to_upstream_.room(limits_.buffered);
    if (state_ == State::Tunnel)
        return room;
    return room > kChunkOverhead ? room - kChunkOverhead : 0;
}

Http1Client::Unsent Http1Client::take_back()
{
    Unsent unsent;
    unsent.is_over = is_request_over_;
    auto rest = to_upstream_.view();
    rest = rest.subspan(std::min(sent_head_.size(), rest.size()));
    BodyReader reader(2 * kMaxTrailers); // of our own chunks; our trailers have a blank more each
    bool const is_chunked = request_framing_ == BodyKind::Chunked;
    reader.start({is_chunked ? BodyKind::Chunked : BodyKind::UntilClose, 0});
    while (!rest.empty() && !reader.is_done()) {
        auto const piece = reader.next(rest);
        OSH_CHECK(!reader.is_broken()); // we wrote it
        unsent.body.append(text_of(piece.payload));
        rest = rest.subspan(piece.consumed);
    }
    unsent.trailers = reader.take_trailers();
    finish(Outcome::GivenUp);
    return unsent;
}

void Http1Client::send_again()
{
    to_upstream_.clear();
    to_upstream_.append(sent_head_);
}

} // namespace osh::netproxy::proxy
