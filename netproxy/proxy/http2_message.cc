// Requests in and out. Every check is made here although nghttp2 makes most of them too: what the
// policy judges must not hang on another program's strictness.
#include "netproxy/proxy/http2_message.h"

#include "netproxy/proxy/http1_client.h"
#include "netproxy/proxy/trailers.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

// RFC 9113 section 8.2.2.
constexpr std::array<std::string_view, 5> kConnectionSpecific = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

constexpr std::string_view kWebSocket = "websocket"; // :protocol

std::unexpected<Error> malformed(std::string_view what)
{
    return fail(Errc::Malformed, std::string(what));
}

struct Pseudo {
    std::optional<std::string> method, scheme, authority, path, protocol, host;
};

std::optional<std::string>* slot_of(Pseudo& pseudo, std::string_view name)
{
    if (name == ":method")
        return &pseudo.method;
    if (name == ":scheme")
        return &pseudo.scheme;
    if (name == ":authority")
        return &pseudo.authority;
    if (name == ":path")
        return &pseudo.path;
    return name == ":protocol" ? &pseudo.protocol : nullptr;
}

Result<> check_field(HttpField const& field, Http1Limits const& limits)
{
    if (field.name.size() + field.value.size() > limits.field)
        return fail(Errc::TooLarge, fmt::format("a field is longer than {} bytes", limits.field));
    bool const has_upper = std::any_of(
        field.name.begin(), field.name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!is_token(field.name) || has_upper)
        return malformed("a field name is not a token in lower case");
    if (!is_safe_value(field.value) || trimmed(field.value).size() != field.value.size())
        return malformed("a field value holds a control byte or begins or ends with a blank");
    if (std::find(kConnectionSpecific.begin(), kConnectionSpecific.end(), field.name)
        != kConnectionSpecific.end())
        return malformed(fmt::format("the field {} belongs to HTTP/1", field.name));
    return {};
}

// RFC 9113 section 8.2.3: cookies may come in pieces, and are one field for whoever judges them.
void add_field(std::vector<HttpField>& fields, HttpField field)
{
    if (field.name == "cookie") {
        auto const first = std::find_if(fields.begin(), fields.end(),
            [](HttpField const& other) { return other.name == "cookie"; });
        if (first != fields.end()) {
            first->value.append("; ").append(field.value);
            return;
        }
    }
    fields.push_back(std::move(field));
}

Result<> take_fields(FieldBlock block, Pseudo& pseudo, StreamRequest& request)
{
    Http1Limits const limits;
    request.head.fields.reserve(block.fields.size());
    bool is_regular = false;
    for (auto& field : block.fields) {
        if (field.name.starts_with(':')) {
            auto* const slot = slot_of(pseudo, field.name);
            if (is_regular || slot == nullptr || slot->has_value())
                return malformed("a pseudo field is unknown, doubled or comes too late");
            *slot = std::move(field.value);
            continue;
        }
        is_regular = true;
        TRY(check_field(field, limits));
        if (field.name == "te") {
            if (field.value != "trailers")
                return malformed("te is not \"trailers\"");
            request.head.takes_trailers = true;
        } else if (field.name == "trailer") {
            request.head.announced_trailers = passable_announcement(field.value);
        } else if (field.name == "host") {
            if (pseudo.host)
                return malformed("two Host fields");
            pseudo.host = field.value;
        } else if (field.name == "expect") {
            request.expects_continue = equals_ignoring_case(field.value, "100-continue");
        }
        add_field(request.head.fields, std::move(field));
    }
    return {};
}

Result<> read_authority(RequestHead& head, Pseudo const& pseudo, HttpScheme scheme)
{
    if (!pseudo.authority && !pseudo.host)
        return malformed("neither :authority nor Host");
    LET(authority,
        canonical_authority(pseudo.authority ? *pseudo.authority : *pseudo.host, scheme));
    if (pseudo.authority && pseudo.host) {
        LET(host, canonical_authority(*pseudo.host, scheme));
        if (host != authority)
            return malformed("Host and :authority differ");
    }
    head.authority = std::move(authority);
    return {};
}

Result<> read_target(RequestHead& head, std::string_view target)
{
    Http1Limits const limits;
    if (target.size() > limits.target)
        return fail(Errc::TooLarge,
            fmt::format("the request target is longer than {} bytes", limits.target));
    if (target == "*")
        return malformed("the target \"*\" names no path");
    if (!is_safe_target(target))
        return malformed(":path holds a blank, a control, '#' or a non-ASCII byte");
    auto const mark = target.find('?');
    head.path = target.substr(0, mark);
    head.has_query = mark != std::string_view::npos;
    if (head.has_query)
        head.query = target.substr(mark + 1);
    return {};
}

// CONNECT with another protocol, or none, is a tunnel to nobody knows where.
Result<> read_method(RequestHead& head, Pseudo const& pseudo, Ends ends)
{
    if (!pseudo.method || !is_token(*pseudo.method))
        return malformed(":method is missing or not a token");
    head.wants_websocket = *pseudo.method == "CONNECT" && pseudo.protocol == kWebSocket;
    if (!head.wants_websocket && is_refused_method(*pseudo.method))
        return fail(Errc::Unsupported,
            fmt::format("method {}{}", *pseudo.method,
                pseudo.protocol ? " with another :protocol than websocket" : ""));
    if (pseudo.protocol && !head.wants_websocket)
        return malformed(":protocol without CONNECT");
    if (head.wants_websocket && ends == Ends::Yes)
        return malformed("a WebSocket handshake that ends its stream");
    head.method = head.wants_websocket ? "GET" : *pseudo.method;
    return {};
}

bool is_dropped_from_request(std::string_view name, Forward const& plan)
{
    return is_our_field(name) || name == "te"
           || (plan.is_websocket && name == "sec-websocket-key"); // RFC 8441 section 5
}

} // namespace

Result<StreamRequest> read_request_block(FieldBlock block, Ends ends, HttpScheme scheme)
{
    if (block.is_too_large)
        return fail(Errc::TooLarge, "the head is too long or has too many fields");
    StreamRequest request;
    Pseudo pseudo;
    TRY(take_fields(std::move(block), pseudo, request));
    auto& head = request.head;
    TRY(read_method(head, pseudo, ends));
    auto const expected = scheme == HttpScheme::Https ? "https" : "http";
    if (!pseudo.scheme || !equals_ignoring_case(*pseudo.scheme, expected))
        return malformed(":scheme is not that of the connection");
    if (!pseudo.path)
        return malformed("no :path");
    TRY(read_authority(head, pseudo, scheme));
    TRY(read_target(head, *pseudo.path));
    LET(framing, framing_of(head.fields, 1, BodyKind::None));
    if (head.wants_websocket && framing.kind != BodyKind::None)
        return malformed("a WebSocket handshake with a body");
    head.has_body = ends == Ends::No && !head.wants_websocket;
    if (framing.kind == BodyKind::Length)
        head.content_length = framing.length;
    if (framing.kind == BodyKind::Length && ends == Ends::Yes)
        return malformed("Content-Length and no body");
    request.expects_continue = request.expects_continue && head.has_body;
    return request;
}

std::vector<HttpField> request_block(Forward const& plan, OutgoingRequest const& request)
{
    bool const hides_secrets = has_secrets(plan);
    std::vector<HttpField> block;
    block.reserve(plan.fields.size() + 8);
    block.push_back({":method", plan.is_websocket ? "CONNECT" : std::string(request.method)});
    if (plan.is_websocket)
        block.push_back({":protocol", std::string(kWebSocket)});
    block.push_back({":scheme", request.scheme == HttpScheme::Https ? "https" : "http"});
    block.push_back({":authority", plan.host});
    block.push_back({":path", plan.path_and_query});
    for (auto const& field : plan.fields) {
        auto name = to_lower_ascii(field.name);
        bool const is_replaced = hides_secrets && name == "accept-encoding";
        bool const was_answered = request.was_continued && name == "expect";
        if (!is_dropped_from_request(name, plan) && !is_replaced && !was_answered)
            block.push_back({std::move(name), field.value});
    }
    if (hides_secrets) // compression would hide a secret from the scrubber
        block.push_back({"accept-encoding", "identity"});
    if (request.takes_trailers)
        block.push_back({"te", "trailers"});
    if (!request.announced_trailers.empty())
        block.push_back({"trailer", std::string(request.announced_trailers)});
    if (request.content_length)
        block.push_back({"content-length", fmt::to_string(*request.content_length)});
    return block;
}

Result<std::vector<HttpField>> read_trailers(FieldBlock block)
{
    if (block.is_too_large)
        return fail(Errc::TooLarge, "the trailers are too long");
    std::vector<HttpField> fields;
    for (auto& field : block.fields) {
        if (field.name.starts_with(':'))
            return malformed("a pseudo field among the trailers");
        TRY(check_field(field, Http1Limits{}));
        fields.push_back(std::move(field));
    }
    return fields;
}

} // namespace osh::netproxy::proxy
