// The bytes of a head, checked one line at a time (RFC 9112 sections 2.2, 3, 4, 5). Refused: bare
// CR or LF, folded lines, blanks before the colon, controls, anything but single spaces in the
// first line. Each of these has smuggled a request past some proxy.
#include "netproxy/proxy/http1_head.h"

#include "policy/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

constexpr bool is_token_character(unsigned char c)
{
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || kMarks.find(static_cast<char>(c)) != std::string_view::npos;
}

using Table = std::array<bool, 256>;

template<typename Predicate>
constexpr Table table_of(Predicate predicate)
{
    Table table{};
    for (unsigned i = 0; i < table.size(); ++i)
        table[i] = predicate(static_cast<unsigned char>(i));
    return table;
}

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr Table kToken = table_of(is_token_character);
constexpr Table kValue =
    table_of([](unsigned char c) { return c == '\t' || (c >= ' ' && c != 127); });
// A fragment never goes on the wire (RFC 9112 section 3.2), so '#' is refused.
constexpr Table kTarget = table_of([](unsigned char c) { return c > ' ' && c < 127 && c != '#'; });

bool consists_of(std::string_view text, Table const& table)
{
    return std::all_of(text.begin(), text.end(),
        [&table](char c) { return table[static_cast<unsigned char>(c)]; });
}

std::unexpected<Error> malformed(std::string_view what)
{
    return fail(Errc::Malformed, std::string(what));
}

// "HTTP/1.0" or "HTTP/1.1", nothing else.
Result<std::uint8_t> read_version(std::string_view text)
{
    if (text == "HTTP/1.1")
        return std::uint8_t{1};
    if (text == "HTTP/1.0")
        return std::uint8_t{0};
    if (text.starts_with("HTTP/"))
        return fail(Errc::Unsupported, fmt::format("HTTP version {}", in_quotes(text, 20)));
    return malformed("the first line is not HTTP");
}

Result<> read_request_line(HeadLines& lines, std::string_view line, Http1Limits const& limits)
{
    auto const first = line.find(' ');
    auto const last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return malformed("the request line is not METHOD TARGET VERSION");
    lines.method = line.substr(0, first);
    lines.target = line.substr(first + 1, last - first - 1);
    LET(minor, read_version(line.substr(last + 1)));
    lines.minor_version = minor;
    if (lines.method.empty() || !consists_of(lines.method, kToken))
        return malformed("the method is not a token");
    if (lines.target.size() > limits.target)
        return fail(Errc::TooLarge,
            fmt::format("the request target is longer than {} bytes", limits.target));
    if (lines.target.empty() || !consists_of(lines.target, kTarget))
        return malformed("the request target holds a blank, a control, '#' or a non-ASCII byte");
    return {};
}

Result<> read_status_line(HeadLines& lines, std::string_view line)
{
    if (line.size() < 12 || line[8] != ' ')
        return malformed("the status line is not VERSION STATUS REASON");
    LET(minor, read_version(line.substr(0, 8)));
    lines.minor_version = minor;
    auto const digits = line.substr(9, 3);
    if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return malformed("the status is not three digits");
    lines.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    if (lines.status < 100 || lines.status > 599)
        return malformed("the status is outside 100 to 599");
    auto const rest = line.substr(12);
    if (!rest.empty() && (rest[0] != ' ' || !consists_of(rest, kValue)))
        return malformed("the reason holds a control byte");
    lines.reason = rest.empty() ? rest : rest.substr(1);
    return {};
}

Result<> read_field(HeadLines& lines, std::string_view line, Http1Limits const& limits)
{
    if (line.size() > limits.field)
        return fail(Errc::TooLarge, fmt::format("a field is longer than {} bytes", limits.field));
    if (lines.fields.size() == limits.fields)
        return fail(Errc::TooLarge, fmt::format("more than {} fields", limits.fields));
    if (line.starts_with(' ') || line.starts_with('\t'))
        return malformed("a folded line (obsolete line folding)");
    auto const colon = line.find(':');
    if (colon == std::string_view::npos)
        return malformed("a field line without colon");
    auto const name = line.substr(0, colon);
    if (name.ends_with(' ') || name.ends_with('\t'))
        return malformed("a blank between a field name and its colon");
    if (name.empty() || !consists_of(name, kToken))
        return malformed("a field name is not a token");
    auto const value = line.substr(colon + 1);
    if (!consists_of(value, kValue))
        return malformed("a field value holds a control byte");
    lines.fields.push_back({name, trimmed(value)});
    return {};
}

// The next line without its CRLF; advances `rest`.
Result<std::string_view> next_line(std::string_view& rest)
{
    auto const end = rest.find('\n');
    if (end == std::string_view::npos)
        return malformed("the head does not end");
    auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.ends_with('\r'))
        return malformed("a bare LF");
    line.remove_suffix(1);
    if (line.find('\r') != std::string_view::npos)
        return malformed("a bare CR");
    if (line.find('\0') != std::string_view::npos)
        return malformed("a NUL byte");
    return line;
}

} // namespace

Result<HeadLines> read_raw_lines(std::string_view head, MessageKind kind, Http1Limits const& limits)
{
    constexpr std::size_t kUsual = 16; // fields of a head
    HeadLines lines;
    lines.fields.reserve(kUsual);
    auto rest = head;
    LET(first, next_line(rest));
    if (kind == MessageKind::Request)
        TRY(read_request_line(lines, first, limits));
    else
        TRY(read_status_line(lines, first));
    while (true) {
        LET(line, next_line(rest));
        if (line.empty())
            break;
        TRY(read_field(lines, line, limits));
    }
    if (!rest.empty())
        return malformed("bytes after the head's empty line");
    return lines;
}

Result<std::vector<HttpField>> read_trailer_lines(std::string_view section)
{
    HeadLines lines;
    while (true) {
        LET(line, next_line(section));
        if (line.empty())
            break;
        TRY(read_field(lines, line, Http1Limits{}));
    }
    std::vector<HttpField> fields;
    for (auto const& field : lines.fields)
        fields.push_back({std::string(field.name), std::string(field.value)});
    return fields;
}

// A bare LF also ends the search: such a head is refused, and
// waiting for more of it would only help a client that means to confuse.
std::size_t end_of_head(std::string_view text, std::size_t from)
{
    from -= std::min<std::size_t>(from, 3);
    auto const end = text.find(kHeadEnd, from);
    auto const bare = text.find("\n\n", from);
    if (bare < end)
        return bare + 2;
    return end == std::string_view::npos ? end : end + kHeadEnd.size();
}

bool is_token(std::string_view text)
{
    return !text.empty() && consists_of(text, kToken);
}

bool is_safe_value(std::string_view value)
{
    return consists_of(value, kValue);
}

bool is_safe_target(std::string_view target)
{
    return target.starts_with('/') && consists_of(target, kTarget);
}

} // namespace osh::netproxy::proxy
