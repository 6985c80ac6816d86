#include "netproxy/stack/synthetic_address.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::stack
{
namespace
{

constexpr std::size_t kFixed = 12; // bytes before the 32 that count

std::uint64_t tail_of(IpAddress const& address)
{
    std::uint64_t value = 0;
    for (std::size_t i = kFixed; i < address.bytes().size(); ++i)
        value = value << 8 | address.bytes()[i];
    return value;
}

} // namespace

IpAddress numbered_address(AddressBlock const& block, std::uint32_t number)
{
    std::array<std::uint8_t, 16> bytes = block.base.bytes();
    std::uint64_t carry = std::uint64_t{number} + 1;
    for (std::size_t i = bytes.size(); i-- > 0 && carry != 0;) {
        carry += bytes[i];
        bytes[i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    return IpAddress::from_v6(bytes); // an IPv4 block stays in its mapped form
}

std::uint64_t number_of_address(AddressBlock const& block, IpAddress const& address)
{
    if (!std::equal(
            address.bytes().begin(), address.bytes().begin() + kFixed, block.base.bytes().begin()))
        return kNoNumber;
    std::uint64_t const value = tail_of(address), base = tail_of(block.base);
    return value > base ? value - base - 1 : kNoNumber;
}

std::size_t room_of_block(AddressBlock const& block)
{
    unsigned const host_bits = 128u - std::min<unsigned>(block.bits, 128);
    if (host_bits < 2)
        return 0;
    return (std::size_t{1} << std::min(host_bits, 31u)) - 2;
}

} // namespace osh::netproxy::stack
