// What is hashed that is no TLS: Sec-WebSocket-Accept of RFC 6455 section 4.2.2 (SHA-1 is a
// handshake token there, no protection), and the ids of git's commits.
#include "netproxy/proxy/git_pack.h"
#include "netproxy/proxy/http1_machine.h"

#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>

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

std::string commit_id(std::string_view commit, std::size_t digits)
{
    constexpr std::size_t kSha1Digits = 40;
    auto text = "commit " + std::to_string(commit.size());
    text += '\0';
    text += commit;
    std::vector<unsigned char> const input(text.begin(), text.end());
    std::array<unsigned char, 32> digest{};
    int const failed = digits == kSha1Digits
                           ? mbedtls_sha1(input.data(), input.size(), digest.data())
                           : mbedtls_sha256(input.data(), input.size(), digest.data(), 0);
    if (failed != 0)
        return {};
    std::string out;
    constexpr std::string_view kHex = "0123456789abcdef";
    for (std::size_t i = 0; i < digits / 2; ++i) {
        out += kHex[digest[i] >> 4U];
        out += kHex[digest[i] & 0x0fU];
    }
    return out;
}

} // namespace osh::netproxy::proxy
