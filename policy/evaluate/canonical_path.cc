#include "policy/evaluate/canonical_path.h"

#include "policy/base/text.h"

#include <fmt/core.h>
#include <vector>

namespace osh::policy
{
namespace
{

constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestQuery = 64 * 1024;
constexpr char kEncodedSlash = '\x01'; // cannot occur otherwise: control bytes are refused

Result<> refuse_bytes(std::string_view target)
{
    for (char c : target) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f)
            return fail(Errc::Malformed, "the request target contains a blank or control byte");
        if (byte >= 0x80)
            return fail(Errc::Malformed, "the request target contains bytes outside ASCII");
        if (c == '#')
            return fail(Errc::Malformed, "the request target contains a fragment");
    }
    return {};
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

Result<std::string> decoded(std::string_view raw, bool& has_encoded_slash)
{
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '%') {
            out += raw[i];
            continue;
        }
        int const high = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
        int const low = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
        if (high < 0 || low < 0)
            return fail(Errc::Malformed, "the request path contains a malformed percent escape");
        int const byte = high * 16 + low;
        if (byte < 0x20 || byte == 0x7f)
            return fail(Errc::Malformed, "the request path contains an escaped control byte");
        has_encoded_slash = has_encoded_slash || byte == '/';
        out += byte == '/' ? kEncodedSlash : static_cast<char>(byte);
        i += 2;
    }
    return out;
}

// Parameters go first: "..;x" must not survive as a name and come back as "..".
Result<std::vector<std::string_view>> resolved(std::string_view path)
{
    std::vector<std::string_view> stack;
    auto const segments = split(path.substr(1), '/');
    for (std::size_t i = 0; i < segments.size(); ++i) {
        std::string_view const segment = segments[i].substr(0, segments[i].find(';'));
        bool const is_last = i + 1 == segments.size();
        if (segment == ".." && stack.empty())
            return fail(Errc::Malformed, "the request path climbs above the root");
        if (segment == "..")
            stack.pop_back();
        else if (segment != "." && (!segment.empty() || is_last))
            stack.push_back(segment);
        if (is_last && (segment == "." || segment == ".."))
            stack.push_back({});
    }
    for (auto segment : stack)
        for (auto part : split(segment, kEncodedSlash))
            if (part == "." || part == "..")
                return fail(Errc::Malformed, "the request path hides a dot segment");
    return stack;
}

bool stays_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view("-._~!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

std::string joined(std::vector<std::string_view> const& segments)
{
    std::string out;
    for (auto segment : segments) {
        out += '/';
        for (char c : segment) {
            if (c == kEncodedSlash)
                out += "%2F";
            else if (stays_plain(c))
                out += c;
            else
                out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out.empty() ? "/" : out;
}

// "http://host[:port]/path" -> "/path", if it is the host of the connection.
Result<std::string_view> without_authority(std::string_view path, std::string_view host)
{
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(path.substr(0, scheme.size()), scheme))
            continue;
        path.remove_prefix(scheme.size());
        std::size_t const slash = path.find('/');
        std::string_view authority = path.substr(0, slash);
        path = slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
        std::size_t const colon = authority.rfind(':');
        if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
            authority = authority.substr(0, colon);
        if (authority.starts_with('[') && authority.ends_with(']'))
            authority = authority.substr(1, authority.size() - 2);
        if (!equals_ignoring_case(authority, host))
            return fail(Errc::Malformed, "the request target names another host");
        return path;
    }
    return path;
}

// Most paths are canonical already: plain characters, no empty and no dot segment.
bool is_canonical(std::string_view path)
{
    if (!path.starts_with('/') || path.size() > kLongestPath)
        return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        char const c = path[i];
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                              || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/'
                              || c == '.';
        bool const starts_segment = i > 0 && path[i - 1] == '/';
        if (!is_plain || (starts_segment && (c == '/' || c == '.')))
            return false;
    }
    return true;
}

} // namespace

Result<RequestTarget> canonical_target(
    std::string_view raw_path, std::string_view raw_query, std::string_view host)
{
    TRY(refuse_bytes(raw_path));
    TRY(refuse_bytes(raw_query));
    if (raw_query.size() > kLongestQuery)
        return fail(Errc::TooLarge, "the request query is too long");
    RequestTarget out;
    out.query = raw_query;
    if (is_canonical(raw_path)) {
        out.path = raw_path;
        return out;
    }
    if (std::size_t const mark = raw_path.find('?'); mark != std::string_view::npos) {
        out.query = std::string(raw_path.substr(mark + 1));
        if (!raw_query.empty())
            (out.query += '?') += raw_query;
        raw_path = raw_path.substr(0, mark);
    }
    LET(path, without_authority(raw_path, host));
    if (path.empty())
        path = "/";
    if (!path.starts_with('/'))
        return fail(Errc::Malformed, "the request target does not start with \"/\"");
    if (path.size() > kLongestPath)
        return fail(
            Errc::TooLarge, fmt::format("the request path is longer than {}", kLongestPath));
    LET(plain, decoded(path, out.has_encoded_slash));
    LET(segments, resolved(plain));
    out.path = joined(segments);
    return out;
}

} // namespace osh::policy
