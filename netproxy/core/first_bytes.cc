#include "netproxy/core/first_bytes.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::core
{
namespace
{

constexpr std::byte kHandshakeRecord{0x16};
constexpr std::size_t kLongestMethod = 16; // BASELINE-CONTROL of RFC 3253 is the longest registered

bool is_method_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

} // namespace

Speaks first_bytes(Bytes start)
{
    if (start.empty())
        return Speaks::NeedMore;
    if (start.front() == kHandshakeRecord)
        return Speaks::Tls;
    auto const text = text_of(start.first(std::min(start.size(), kLongestMethod + 1)));
    auto const end = std::ranges::find_if_not(text, is_method_letter);
    if (end == text.end())
        return text.size() > kLongestMethod ? Speaks::Other : Speaks::NeedMore;
    return *end == ' ' && end != text.begin() ? Speaks::Http : Speaks::Other;
}

bool may_be_http2_preface(Bytes start)
{
    auto const text = text_of(start.first(std::min(start.size(), kHttp2Preface.size())));
    return !text.empty() && kHttp2Preface.starts_with(text);
}

bool is_http_port(std::uint16_t port)
{
    static constexpr std::array<std::uint16_t, 14> kPorts{
        80, 443, 591, 2053, 3000, 4443, 5000, 5173, 8000, 8008, 8080, 8443, 8888, 9443};
    return std::ranges::binary_search(kPorts, port);
}

} // namespace osh::netproxy::core
