// What a request head asks for (RFC 9112 section 3, RFC 9110 sections 7.2 and 7.8): target,
// authority, framing, connection options. Whatever could be read in two ways is refused.
#include "netproxy/proxy/http1_head.h"
#include "netproxy/proxy/trailers.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::array<std::string_view, 3> kRefusedMethods = {"TRACE", "TRACK", "CONNECT"};
constexpr std::array<std::string_view, 3> kNeverNominated = {
    "host", "content-length", "transfer-encoding"};
constexpr std::size_t kMaxHost = 255;

std::unexpected<Error> malformed(std::string_view what)
{
    return fail(Errc::Malformed, std::string(what));
}

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

Result<> check_host(std::string_view host)
{
    if (host.starts_with('[')) {
        auto const inside = host.ends_with(']') ? host.substr(1, host.size() - 2) : "";
        auto const address = IpAddress::parse(inside);
        if (!address || inside.find(':') == std::string_view::npos)
            return malformed("Host is not a valid address");
        return {};
    }
    bool const is_name = !host.empty() && host.size() <= kMaxHost && !host.starts_with('.')
                         && host.find("..") == std::string_view::npos
                         && std::all_of(host.begin(), host.end(), is_host_character);
    if (!is_name)
        return malformed("Host is not a valid name");
    return {};
}

Result<std::string> read_host(HeadLines const& lines, HttpScheme scheme)
{
    std::optional<std::string_view> host;
    for (auto const& field : lines.fields) {
        if (!equals_ignoring_case(field.name, "host"))
            continue;
        if (host)
            return malformed("two Host fields");
        host = field.value;
    }
    if (!host)
        return malformed("no Host field");
    return canonical_authority(*host, scheme);
}

// Takes scheme and authority off an absolute-form target; both must be those of the connection.
Result<std::string_view> origin_form(
    std::string_view target, std::string_view authority, HttpScheme scheme)
{
    if (target.starts_with('/'))
        return target;
    if (target == "*")
        return malformed("the target \"*\" names no path");
    std::string_view const prefix = scheme == HttpScheme::Https ? "https://" : "http://";
    if (!equals_ignoring_case(target.substr(0, prefix.size()), prefix))
        return malformed("the target is neither a path nor a URL of this connection's scheme");
    auto const rest = target.substr(prefix.size());
    auto const slash = rest.find_first_of("/?");
    LET(named, canonical_authority(rest.substr(0, slash), scheme));
    if (named != authority)
        return malformed("the target names another host than Host");
    if (slash == std::string_view::npos)
        return std::string_view("/");
    if (rest[slash] == '?')
        return malformed("the target has a query but no path");
    return rest.substr(slash);
}

Result<> read_target(RequestHead& head, HeadLines const& lines, HttpScheme scheme)
{
    LET(authority, read_host(lines, scheme));
    head.authority = std::move(authority);
    LET(target, origin_form(lines.target, head.authority, scheme));
    auto const mark = target.find('?');
    head.path = target.substr(0, mark);
    head.has_query = mark != std::string_view::npos;
    if (head.has_query)
        head.query = target.substr(mark + 1);
    return {};
}

// A server behind a proxy that overlooks it may go on in another protocol (RFC 7540 section 3.2).
bool names_h2c(std::string_view value)
{
    for (auto const part : split(value, ','))
        if (auto const word = trimmed(part); equals_ignoring_case(word.substr(0, 3), "h2c"))
            return true;
    return false;
}

Result<> read_connection_options(ParsedRequest& request)
{
    auto const nominated = nominated_fields(request.head.fields);
    auto const has = [&nominated](std::string_view name) {
        return std::find(nominated.begin(), nominated.end(), name) != nominated.end();
    };
    for (auto const name : kNeverNominated) {
        if (has(name))
            return malformed(fmt::format("Connection nominates {}", name));
    }
    request.wants_close = has("close") || request.head.minor_version == 0;
    bool names_websocket = false;
    for (auto const& field : request.head.fields) {
        if (equals_ignoring_case(field.name, "upgrade")) {
            if (names_h2c(field.value))
                return fail(Errc::Unsupported,
                    "Upgrade: h2c (HTTP/2 comes by ALPN, or without asking: RFC 9113 section 3.3)");
            request.has_upgrade = true;
            names_websocket = names_websocket || equals_ignoring_case(field.value, "websocket");
        } else if (equals_ignoring_case(field.name, "expect")) {
            request.expects_continue = equals_ignoring_case(field.value, "100-continue")
                                       && request.head.minor_version == 1 && request.head.has_body;
        } else if (equals_ignoring_case(field.name, "te")) {
            request.head.takes_trailers =
                list_has(field.value, "trailers") && request.head.minor_version == 1;
        } else if (equals_ignoring_case(field.name, "trailer")) {
            request.head.announced_trailers = passable_announcement(field.value);
        }
    }
    request.head.wants_websocket = names_websocket && has("upgrade") && request.head.method == "GET"
                                   && request.head.minor_version == 1;
    return {};
}

} // namespace

Result<std::string> canonical_authority(std::string_view text, HttpScheme scheme)
{
    auto lower = to_lower_ascii(text);
    std::string_view host = lower;
    std::string_view port;
    auto const colon = lower.rfind(':');
    if (colon != std::string::npos && (lower[0] != '[' || lower[colon - 1] == ']')) {
        port = std::string_view(lower).substr(colon + 1);
        host = std::string_view(lower).substr(0, colon);
        unsigned number = 0;
        auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
        bool const is_port = error == std::errc{} && end == port.data() + port.size() && number > 0
                             && number < 65536 && !port.starts_with('0');
        if (!is_port)
            return malformed("the port in Host is not valid");
    }
    if (host.size() > 1 && host.ends_with('.'))
        host.remove_suffix(1);
    TRY(check_host(host));
    bool const is_default = port.empty() || port == (scheme == HttpScheme::Https ? "443" : "80");
    return is_default ? std::string(host) : fmt::format("{}:{}", host, port);
}

bool is_refused_method(std::string_view method)
{
    return std::find(kRefusedMethods.begin(), kRefusedMethods.end(), method)
           != kRefusedMethods.end();
}

Result<ParsedRequest> parse_request(
    std::string_view text, Http1Limits const& limits, HttpScheme scheme)
{
    LET(lines, read_raw_lines(text, MessageKind::Request, limits));
    if (is_refused_method(lines.method))
        return fail(Errc::Unsupported, fmt::format("method {}", lines.method));
    ParsedRequest request;
    auto& head = request.head;
    head.method = lines.method;
    head.minor_version = lines.minor_version;
    TRY(read_target(head, lines, scheme));
    head.fields.reserve(lines.fields.size());
    for (auto const& field : lines.fields)
        head.fields.push_back({std::string(field.name), std::string(field.value)});
    LET(framing, framing_of(head.fields, head.minor_version, BodyKind::None));
    request.framing = framing;
    head.has_body = framing.kind != BodyKind::None;
    if (framing.kind == BodyKind::Length)
        head.content_length = framing.length;
    TRY(read_connection_options(request));
    if (head.wants_websocket && head.has_body)
        return malformed("a WebSocket handshake with a body");
    TRY(agree_with_llhttp(text, MessageKind::Request, lines)); // last: our own words say more
    return request;
}

} // namespace osh::netproxy::proxy
