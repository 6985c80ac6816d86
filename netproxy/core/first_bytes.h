#pragma once
// What does this client speak? Read from the first bytes it sends, without consuming them.

#include "policy/base/bytes.h"

#include <cstdint>

namespace osh::netproxy::core
{

enum class Speaks { NeedMore, Tls, Http, Other };

// Tls: the first byte of a handshake record (RFC 8446 section 5.1). Http: a method token followed
// by a space (RFC 9112 section 3), also the HTTP/2 preface, which the HTTP/1 parser refuses in
// words.
Speaks first_bytes(Bytes start);

// RFC 9113 section 3.4.
inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// It begins so, as far as it goes.
bool may_be_http2_preface(Bytes start);
// Ports on which the client speaks first, by custom HTTP or HTTPS: a refusal there is worth a
// readable answer.
bool is_http_port(std::uint16_t port);
inline constexpr std::uint16_t kPlainHttpPort = 80;

} // namespace osh::netproxy::core
