#pragma once
// Reads a TLS ClientHello (RFC 8446 section 4.1.2) from the start of a byte stream, across records,
// without consuming it.

#include "policy/base/bytes.h"

#include <string>
#include <vector>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kMaxClientHello = 16 * 1024;

enum class HelloStatus { NeedMore, NotTls, Malformed, Complete };

struct ClientHello {
    HelloStatus status = HelloStatus::NeedMore;
    std::string server_name;          // lower case host_name of SNI, "" if absent
    bool has_encrypted_hello = false; // ECH extension (0xfe0d), also GREASE
    std::vector<std::string> alpn;
    std::uint16_t highest_version = 0; // 0x0303, 0x0304
};

ClientHello read_client_hello(Bytes start_of_stream);

} // namespace osh::netproxy::wire
