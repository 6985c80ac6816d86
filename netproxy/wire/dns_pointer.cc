// Reverse names: "1.2.0.192.in-addr.arpa" and 32 nibbles below ip6.arpa (RFC 1035 section 3.5,
// RFC 3596 section 2.5). Only whole addresses; zones above them are no address.

#include "netproxy/wire/dns.h"

#include <array>
#include <string>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::string_view kZone4 = ".in-addr.arpa";
constexpr std::string_view kZone6 = ".ip6.arpa";

std::optional<IpAddress> reversed_v4(std::string_view labels)
{
    std::string forward;
    while (!labels.empty()) {
        auto const dot = labels.rfind('.');
        auto const label = dot == std::string_view::npos ? labels : labels.substr(dot + 1);
        forward.append(forward.empty() ? "" : ".").append(label);
        labels = dot == std::string_view::npos ? std::string_view() : labels.substr(0, dot);
    }
    auto const address = IpAddress::parse(forward);
    return address && address->is_v4() ? address : std::nullopt;
}

int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<IpAddress> reversed_v6(std::string_view labels)
{
    if (labels.size() != 63)
        return std::nullopt;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 32; ++i) {
        int const value = nibble(labels[2 * i]);
        if (value < 0 || (i < 31 && labels[2 * i + 1] != '.'))
            return std::nullopt;
        bytes[15 - i / 2] |= static_cast<std::uint8_t>(value << (i % 2 * 4));
    }
    auto const address = IpAddress::from_v6(bytes);
    return address.is_v4() ? std::nullopt : std::optional(address);
}

} // namespace

std::optional<IpAddress> address_of_pointer_name(std::string_view name)
{
    if (name.size() > kZone4.size() && name.ends_with(kZone4))
        return reversed_v4(name.substr(0, name.size() - kZone4.size()));
    if (name.size() > kZone6.size() && name.ends_with(kZone6))
        return reversed_v6(name.substr(0, name.size() - kZone6.size()));
    return std::nullopt;
}

} // namespace osh::netproxy::wire
