#include "credentials/rewrite/encoding.h"

#include "policy/base/text.h"

#include <array>
#include <cstdint>

namespace osh::credentials
{
namespace
{

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kLowerHex = "0123456789abcdef";
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
           || c == '.' || c == '_' || c == '~';
}

} // namespace

std::string base64(std::string_view bytes, Alphabet alphabet)
{
    std::string_view const letters = alphabet == Alphabet::Standard ? kStandard : kUrlSafe;
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (char const c : bytes) {
        held = (held << 8) | static_cast<unsigned char>(c);
        for (bits += 8; bits >= 6; bits -= 6)
            out += letters[(held >> (bits - 6)) & 63];
    }
    if (bits > 0)
        out += letters[(held << (6 - bits)) & 63];
    while (out.size() % 4 != 0)
        out += '=';
    return out;
}

std::optional<std::string> from_base64(std::string_view text)
{
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string out;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (char const c : text) {
        int const value = sextet(c);
        if (value < 0)
            return std::nullopt;
        held = (held << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>((held >> bits) & 0xff);
        }
    }
    return out;
}

std::string hex(std::string_view bytes, Case letters)
{
    std::string_view const digits = letters == Case::Lower ? kLowerHex : kUpperHex;
    std::string out;
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string percent(std::string_view bytes, Case letters)
{
    std::string out;
    for (char const c : bytes)
        out += is_unreserved(c) ? std::string(1, c) : "%" + hex({&c, 1}, letters);
    return out;
}

std::string from_percent(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const is_escape = text[i] == '%' && i + 2 < text.size() && nibble(text[i + 1]) >= 0
                               && nibble(text[i + 2]) >= 0;
        out +=
            is_escape ? static_cast<char>(nibble(text[i + 1]) * 16 + nibble(text[i + 2])) : text[i];
        i += is_escape ? 2 : 0;
    }
    return out;
}

std::string json_escaped(std::string_view text)
{
    std::string const literal = json_quoted(text);
    return literal.substr(1, literal.size() - 2);
}

} // namespace osh::credentials
