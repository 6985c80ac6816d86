#include "netproxy/core/connect_reply.h"

#include <fmt/core.h>

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kMaxReason = 80;
constexpr std::size_t kStatusLine = 12; // "HTTP/1.1 200"

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

std::string printable(std::string_view text)
{
    std::string out;
    for (char const c : text.substr(0, kMaxReason))
        out += c >= 0x20 && c < 0x7f ? c : '?';
    return out;
}

Error not_http()
{
    return {Errc::Malformed, 0, "its answer to CONNECT is not HTTP/1"};
}

using Maybe = std::optional<ConnectReply>;

// One head, final or not.
Result<Maybe> parse_head(std::string_view bytes)
{
    constexpr std::string_view kVersion = "HTTP/1.";
    auto const begun = std::min(bytes.size(), kVersion.size());
    if (bytes.substr(0, begun) != kVersion.substr(0, begun))
        return std::unexpected<Error>(not_http());
    auto const end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return Maybe();
    auto const line = bytes.substr(0, bytes.find("\r\n"));
    bool const has_status = line.size() >= kStatusLine && is_digit(line[7]) && line[8] == ' '
                            && is_digit(line[9]) && is_digit(line[10]) && is_digit(line[11])
                            && (line.size() == kStatusLine || line[kStatusLine] == ' ');
    if (!has_status)
        return std::unexpected<Error>(not_http());
    ConnectReply reply;
    reply.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (line.size() > kStatusLine + 1)
        reply.reason = printable(line.substr(kStatusLine + 1));
    reply.size = end + 4;
    return Maybe(std::move(reply));
}

// RFC 9110 section 15.2: any number of them may precede the answer. 101 would be one itself.
bool is_interim(int status)
{
    return status >= 100 && status < 200 && status != 101;
}

} // namespace

Result<std::optional<ConnectReply>> parse_connect_reply(std::string_view bytes)
{
    auto const head = bytes.substr(0, kMaxReplyHead);
    std::size_t skipped = 0;
    for (;;) {
        LET(reply, parse_head(head.substr(skipped)));
        if (!reply && bytes.size() >= kMaxReplyHead)
            return fail(Errc::TooLarge, "the head of its answer to CONNECT has no end");
        if (!reply)
            return Maybe();
        reply->size += skipped;
        if (!is_interim(reply->status))
            return reply;
        skipped = reply->size;
    }
}

std::string connect_request(std::string_view authority, std::string_view authorization)
{
    std::string text = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
    if (!authorization.empty())
        text += fmt::format("Proxy-Authorization: {}\r\n", authorization);
    return text + "\r\n";
}

} // namespace osh::netproxy::core
