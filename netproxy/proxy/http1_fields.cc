// What single fields mean: message framing (RFC 9112 section 6), hop-by-hop fields (RFC 9110
// section 7.6.1), and the fields that we never pass on (security design H11).
#include "netproxy/proxy/http1_head.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

// Without ':' or case. Content-Length and Transfer-Encoding are written anew. The last lines would
// make the server take another method, path or host than was judged: Rails, Symfony and others obey
// X-HTTP-Method-Override and its cousins, IIS, Zend and Symfony X-Original-URL and X-Rewrite-URL.
constexpr std::array<std::string_view, 22> kDropped = {"host", "connection", "keep-alive", "te",
    "trailer", "transfer-encoding", "content-length", "upgrade", "http2-settings",
    "proxy-connection", "proxy-authorization",                             //
    "x-http-method-override", "x-http-method", "x-method-override",        //
    "x-original-url", "x-rewrite-url", "x-override-url", "x-original-uri", //
    "forwarded", "x-forwarded-host", "x-http-host-override", "x-host"};

// 1*DIGIT and at most 2^63 - 1 (RFC 9110 section 8.6).
Result<std::uint64_t> read_length(std::string_view text)
{
    std::uint64_t value = 0;
    for (char const c : text) {
        if (c < '0' || c > '9')
            return fail(Errc::Malformed, "Content-Length is not a number");
        if (value > (INT64_MAX - 9) / 10)
            return fail(Errc::Malformed, "Content-Length is too large");
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (text.empty())
        return fail(Errc::Malformed, "Content-Length is empty");
    return value;
}

} // namespace

std::vector<std::string_view> list_items(std::string_view value)
{
    std::vector<std::string_view> items;
    for (auto const item : split(value, ',')) {
        if (!trimmed(item).empty())
            items.push_back(trimmed(item));
    }
    return items;
}

bool list_has(std::string_view value, std::string_view token)
{
    auto const items = list_items(value);
    return std::any_of(items.begin(), items.end(),
        [token](std::string_view item) { return equals_ignoring_case(item, token); });
}

std::vector<std::string> nominated_fields(std::vector<HttpField> const& fields)
{
    std::vector<std::string> names;
    for (auto const& field : fields) {
        if (!equals_ignoring_case(field.name, "connection"))
            continue;
        for (auto const item : list_items(field.value))
            names.push_back(to_lower_ascii(item));
    }
    return names;
}

Result<Framing> framing_of(
    std::vector<HttpField> const& fields, std::uint8_t minor_version, BodyKind without)
{
    std::optional<std::uint64_t> length;
    bool is_chunked = false;
    for (auto const& field : fields) {
        if (equals_ignoring_case(field.name, "content-length")) {
            if (length)
                return fail(Errc::Malformed, "two Content-Length fields");
            LET(value, read_length(field.value));
            length = value;
        } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
            if (is_chunked)
                return fail(Errc::Malformed, "two Transfer-Encoding fields");
            if (!equals_ignoring_case(field.value, "chunked"))
                return fail(Errc::Malformed, "Transfer-Encoding is not exactly \"chunked\"");
            is_chunked = true;
        }
    }
    if (is_chunked && length)
        return fail(Errc::Malformed, "Content-Length together with Transfer-Encoding");
    if (is_chunked && minor_version == 0)
        return fail(Errc::Malformed, "Transfer-Encoding in HTTP/1.0");
    if (is_chunked)
        return Framing{BodyKind::Chunked, 0};
    if (length)
        return Framing{*length == 0 ? BodyKind::None : BodyKind::Length, *length};
    return Framing{without, 0};
}

// Whatever makes variables of fields (CGI, RFC 3875 section 4.1.18, and WSGI, Rack, PHP after it)
// takes an underscore for a hyphen.
std::string as_variables_read(std::string_view name)
{
    auto lower = to_lower_ascii(name);
    std::ranges::replace(lower, '_', '-');
    return lower;
}

bool is_never_forwarded(std::string_view name)
{
    auto const read = as_variables_read(name);
    return read.starts_with("proxy-")
           || std::find(kDropped.begin(), kDropped.end(), read) != kDropped.end();
}

std::vector<HttpField> upstream_fields(RequestHead const& head)
{
    auto const nominated = nominated_fields(head.fields);
    std::vector<HttpField> out;
    out.reserve(head.fields.size());
    for (auto const& field : head.fields) {
        auto const name = to_lower_ascii(field.name);
        bool const is_odd_expectation =
            name == "expect" && !equals_ignoring_case(field.value, "100-continue");
        bool const is_nominated =
            std::find(nominated.begin(), nominated.end(), name) != nominated.end();
        if (!is_never_forwarded(name) && !is_odd_expectation && !is_nominated)
            out.push_back(field);
    }
    return out;
}

} // namespace osh::netproxy::proxy
