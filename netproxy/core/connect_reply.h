#pragma once
// The head of a proxy's answer to CONNECT (RFC 9110 section 9.3.6, RFC 9112 section 4): the status,
// and where the tunnel begins. Bytes to value; bounded.

#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace osh::netproxy::core
{

inline constexpr std::size_t kMaxReplyHead = 8 * 1024;

struct ConnectReply {
    int status = 0;
    std::string reason;   // printable ASCII only, at most 80 bytes
    std::size_t size = 0; // of the head and interim ones: what follows belongs to the tunnel
    bool is_open() const { return status >= 200 && status < 300; }
};

// Nothing yet: more bytes are needed. Errc::Malformed, Errc::TooLarge: this is no HTTP proxy.
Result<std::optional<ConnectReply>> parse_connect_reply(std::string_view bytes);

// The request's head. `authorization` may be "".
std::string connect_request(std::string_view authority, std::string_view authorization);

} // namespace osh::netproxy::core
