// llhttp's opinion on a head, with every leniency off (and LLHTTP_STRICT_MODE in the build). Only
// this file includes llhttp.h. Bodies are not its business: http1_body.cc reads them.
#include "netproxy/proxy/http1_head.h"

#include "policy/base/text.h"

#include <llhttp.h>

#include <fmt/format.h>

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

struct Seen {
    llhttp_t parser{};
    std::string target;
    std::string name, value;
    std::size_t fields = 0;
    HeadLines const* lines = nullptr;
    bool is_complete = false;
    bool is_same = true;
    std::string_view method; // under which it was asked
};

Seen& seen_of(llhttp_t* parser)
{
    return *static_cast<Seen*>(parser->data);
}

int on_target(llhttp_t* parser, char const* at, std::size_t size)
{
    seen_of(parser).target.append(at, size);
    return 0;
}

int on_name(llhttp_t* parser, char const* at, std::size_t size)
{
    seen_of(parser).name.append(at, size);
    return 0;
}

int on_value(llhttp_t* parser, char const* at, std::size_t size)
{
    seen_of(parser).value.append(at, size);
    return 0;
}

int on_value_end(llhttp_t* parser)
{
    auto& seen = seen_of(parser);
    auto const& fields = seen.lines->fields;
    seen.is_same = seen.is_same && seen.fields < fields.size()
                   && fields[seen.fields].name == seen.name
                   && fields[seen.fields].value == trimmed(seen.value);
    ++seen.fields;
    seen.name.clear();
    seen.value.clear();
    return 0;
}

int on_head_end(llhttp_t* parser)
{
    seen_of(parser).is_complete = true;
    return HPE_PAUSED;
}

constexpr llhttp_settings_t kSettings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head_end,
    .on_header_value_complete = on_value_end,
};

bool is_same_first_line(Seen const& seen, MessageKind kind)
{
    auto const& lines = *seen.lines;
    if (seen.parser.http_major != 1 || seen.parser.http_minor != lines.minor_version)
        return false;
    if (kind == MessageKind::Response)
        return seen.parser.status_code == lines.status;
    auto const method = static_cast<llhttp_method_t>(seen.parser.method);
    return llhttp_method_name(method) == seen.method && seen.target == lines.target;
}

// Of a method that llhttp does not know (QUERY): plain capitals, so that nobody takes it for a
// known one in other letters.
bool is_plain_method(std::string_view method)
{
    return std::all_of(method.begin(), method.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

llhttp_errno_t ask(Seen& seen, MessageKind kind, std::string_view head)
{
    auto const lines = seen.lines;
    auto const method = seen.method;
    seen = {};
    seen.lines = lines;
    seen.method = method;
    llhttp_init(
        &seen.parser, kind == MessageKind::Request ? HTTP_REQUEST : HTTP_RESPONSE, &kSettings);
    seen.parser.data = &seen;
    return llhttp_execute(&seen.parser, head.data(), head.size());
}

} // namespace

Result<> agree_with_llhttp(std::string_view head, MessageKind kind, HeadLines const& lines)
{
    Seen seen;
    seen.lines = &lines;
    seen.method = lines.method;
    auto code = ask(seen, kind, head);
    bool const is_unknown = code == HPE_INVALID_METHOD && is_plain_method(lines.method);
    if (is_unknown) { // all but the method it can judge
        seen.method = "POST";
        code = ask(seen, kind, std::string(seen.method).append(head.substr(lines.method.size())));
    }
    if (code == HPE_INVALID_METHOD)
        return fail(Errc::Unsupported, fmt::format("method {}", in_quotes(lines.method, 40)));
    if (code != HPE_PAUSED || !seen.is_complete) {
        auto const* reason = llhttp_get_error_reason(&seen.parser);
        return fail(Errc::Malformed,
            fmt::format("not acceptable HTTP/1: {}", reason == nullptr ? "incomplete" : reason));
    }
    if (!seen.is_same || seen.fields != lines.fields.size() || !is_same_first_line(seen, kind))
        return fail(Errc::Malformed, "the head can be read in two ways");
    return {};
}

} // namespace osh::netproxy::proxy
