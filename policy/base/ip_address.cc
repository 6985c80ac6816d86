#include "policy/base/ip_address.h"

#include "policy/base/check.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace osh
{
namespace
{

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kLongestText = 45; // INET6_ADDRSTRLEN without its terminator

std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t limit)
{
    if (text.empty() || (text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    std::uint32_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > limit)
        return std::nullopt;
    return value;
}

std::optional<IpAddress> parse_v4(std::string_view text)
{
    std::uint32_t value = 0;
    for (int part = 0; part < 4; ++part) {
        auto dot = text.find('.');
        if ((part < 3) != (dot != std::string_view::npos))
            return std::nullopt;
        auto number = parse_decimal(text.substr(0, dot), 255);
        if (!number)
            return std::nullopt;
        value = value << 8 | *number;
        text.remove_prefix(part < 3 ? dot + 1 : text.size());
    }
    return IpAddress::from_v4(value);
}

} // namespace

IpAddress IpAddress::from_v4(std::uint32_t host_order)
{
    IpAddress address;
    std::ranges::copy(kMappedPrefix, address.bytes_.begin());
    for (int i = 0; i < 4; ++i)
        address.bytes_[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    return address;
}

IpAddress IpAddress::from_v6(std::span<std::uint8_t const, 16> bytes)
{
    IpAddress address;
    std::ranges::copy(bytes, address.bytes_.begin());
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    if (text.empty() || text.size() > kLongestText || text.find('\0') != std::string_view::npos)
        return std::nullopt;
    if (text.find(':') == std::string_view::npos)
        return parse_v4(text);
    std::array<std::uint8_t, 16> bytes{};
    std::string terminated(text);
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1)
        return std::nullopt;
    return from_v6(bytes);
}

bool IpAddress::is_v4() const
{
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

std::uint32_t IpAddress::v4_host_order() const
{
    OSH_CHECK(is_v4());
    std::uint32_t value = 0;
    for (int i = 12; i < 16; ++i)
        value = value << 8 | bytes_[i];
    return value;
}

std::string IpAddress::text() const
{
    char buffer[INET6_ADDRSTRLEN];
    bool const v4 = is_v4();
    inet_ntop(
        v4 ? AF_INET : AF_INET6, v4 ? bytes_.data() + 12 : bytes_.data(), buffer, sizeof buffer);
    return buffer;
}

std::optional<AddressBlock> AddressBlock::parse(std::string_view text)
{
    auto slash = text.find('/');
    auto base = IpAddress::parse(text.substr(0, slash));
    if (!base)
        return std::nullopt;
    bool const v4 = text.find(':') == std::string_view::npos;
    std::uint32_t bits = 128;
    if (slash != std::string_view::npos) {
        auto number = parse_decimal(text.substr(slash + 1), v4 ? 32 : 128);
        if (!number)
            return std::nullopt;
        bits = *number + (v4 ? 96 : 0);
    }
    return AddressBlock{*base, static_cast<std::uint8_t>(bits)};
}

bool AddressBlock::contains(IpAddress const& address) const
{
    std::size_t const whole = bits / 8;
    auto const& a = base.bytes();
    auto const& b = address.bytes();
    if (!std::equal(a.begin(), a.begin() + whole, b.begin()))
        return false;
    unsigned const rest = bits % 8;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

bool AddressBlock::overlaps(AddressBlock const& other) const
{
    return bits <= other.bits ? contains(other.base) : other.contains(base);
}

std::string AddressBlock::text() const
{
    bool const v4 = base.is_v4() && bits >= 96;
    return base.text() + "/" + std::to_string(v4 ? bits - 96 : bits);
}

} // namespace osh
