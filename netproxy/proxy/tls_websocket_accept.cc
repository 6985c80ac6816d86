// Sec-WebSocket-Accept of RFC 6455 section 4.2.2: SHA-1 here is a handshake token, no protection.
#include "netproxy/proxy/http1_machine.h"

#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>

#include <array>

namespace osh::netproxy::proxy
{

std::string websocket_accept(std::string_view key)
{
    auto const text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::vector<unsigned char> const input(text.begin(), text.end());
    std::array<unsigned char, 20> digest{};
    std::array<unsigned char, 32> encoded{};
    std::size_t size = 0;
    if (mbedtls_sha1(input.data(), input.size(), digest.data()) != 0
        || mbedtls_base64_encode(
               encoded.data(), encoded.size(), &size, digest.data(), digest.size())
               != 0)
        return {}; // equals no field value that was sent: the upgrade is refused
    return std::string(encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size));
}

} // namespace osh::netproxy::proxy
