#pragma once
// One type for IPv4 and IPv6 addresses: 128 bits, IPv4 kept as IPv4-mapped (RFC 4291
// section 2.5.5.2). So an address has one spelling inside osh, whatever form it came in.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace osh
{

class IpAddress
{
public:
    constexpr IpAddress() = default; // "::"

    static IpAddress from_v4(std::uint32_t host_order);
    static IpAddress from_v6(std::span<std::uint8_t const, 16> bytes);

    // Strict: dotted quad of four decimal numbers without leading zeros, or RFC 4291 text; no
    // brackets, no zone.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const;                  // stored as ::ffff:a.b.c.d
    std::uint32_t v4_host_order() const; // only if is_v4()
    std::array<std::uint8_t, 16> const& bytes() const { return bytes_; }
    std::string text() const; // "192.0.2.1" or RFC 5952 text, without brackets

    friend auto operator<=>(IpAddress const&, IpAddress const&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

// An address block, RFC 4632 / RFC 4291 section 2.3.
struct AddressBlock {
    IpAddress base;
    std::uint8_t bits = 128; // counted on the 128-bit form: an IPv4 /8 is 104 here

    // "10.0.0.0/8", "fd00::/8", or a single address.
    static std::optional<AddressBlock> parse(std::string_view text);
    bool contains(IpAddress const& address) const;
    bool overlaps(AddressBlock const& other) const;
    std::string text() const;
};

} // namespace osh
