// How: the n-th place of the pool has the n-th pair of addresses. A name keeps its place until
// another needs it, so a resolver's cache inside the sandbox stays right for at least kNameEpoch.

#include "netproxy/stack/name_pool.h"

#include <algorithm>
#include <array>
#include <list>
#include <unordered_map>
#include <vector>

namespace osh::netproxy::stack
{
namespace
{

// How long a name keeps its addresses that nobody ever connected to: four times what our DNS
// answers may be cached. A flood of names that are only looked up gives way soon.
constexpr Duration kAskedEpoch = 2min;

// The address of a place: number 0 is base + 1, for a base whose host part is zero.
IpAddress numbered(AddressBlock const& block, std::uint32_t number)
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

// How many names a block has addresses for, without its first and last address.
std::size_t room_of(AddressBlock const& block)
{
    unsigned const host_bits = 128u - std::min<unsigned>(block.bits, 128);
    if (host_bits < 2)
        return 0;
    return (std::size_t{1} << std::min(host_bits, 31u)) - 2;
}

// The number that numbered() made the address from; more than any capacity if it is not one.
std::uint64_t number_of(AddressBlock const& block, IpAddress const& address)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        std::uint8_t const digit = address.bytes()[i];
        std::uint8_t const base = block.base.bytes()[i];
        if (i < 12 && digit != base)
            return UINT64_MAX;
        if (i >= 12)
            value = value << 8 | digit;
    }
    std::uint64_t base = 0;
    for (std::size_t i = 12; i < 16; ++i)
        base = base << 8 | block.base.bytes()[i];
    return value > base ? value - base - 1 : UINT64_MAX;
}

} // namespace

struct NamePool::Impl {
    struct Place {
        std::string name;
        Instant used{};
        bool is_connected = false; // since it has this name
        std::list<std::uint32_t>::iterator order;
    };

    AddressBlock v4, v6;
    std::size_t capacity;
    std::vector<Place> places;
    std::list<std::uint32_t> asked, connected;                   // the least recently used first
    std::unordered_map<std::string_view, std::uint32_t> by_name; // views into places

    std::list<std::uint32_t>& list_of(Place const& place)
    {
        return place.is_connected ? connected : asked;
    }

    void touch(std::uint32_t number, bool is_connected, Instant now)
    {
        Place& place = places[number];
        auto& from = list_of(place);
        place.used = now;
        place.is_connected = is_connected;
        auto& to = list_of(place);
        to.splice(to.end(), from, place.order);
    }

    std::optional<std::uint32_t> oldest(
        std::list<std::uint32_t> const& list, Duration epoch, Instant now) const
    {
        if (list.empty() || now - places[list.front()].used < epoch)
            return std::nullopt;
        return list.front();
    }

    // A place for a new name: a fresh one, or that of the name unused for longest.
    std::optional<std::uint32_t> place_for_new(Instant now)
    {
        if (places.size() < capacity) {
            auto const number = static_cast<std::uint32_t>(places.size());
            places.emplace_back();
            places.back().order = asked.insert(asked.end(), number);
            return number;
        }
        auto found = oldest(asked, kAskedEpoch, now);
        if (!found)
            found = oldest(connected, kNameEpoch, now);
        if (!found)
            return std::nullopt;
        by_name.erase(places[*found].name);
        touch(*found, false, now);
        return found;
    }
};

NamePool::NamePool(AddressBlock v4_block, AddressBlock v6_block, std::size_t capacity)
    : impl_(std::make_unique<Impl>())
{
    impl_->v4 = v4_block;
    impl_->v6 = v6_block;
    impl_->capacity = std::min({capacity, room_of(v4_block), room_of(v6_block)});
    impl_->places.reserve(impl_->capacity); // views into it must stay valid
}

NamePool::~NamePool() = default;

std::optional<NameAddresses> NamePool::addresses_for(std::string_view name, Instant now)
{
    auto const known = impl_->by_name.find(name);
    std::optional<std::uint32_t> number;
    if (known != impl_->by_name.end()) {
        number = known->second;
    } else {
        number = impl_->place_for_new(now);
        if (!number)
            return std::nullopt;
        auto& place = impl_->places[*number];
        place.name = std::string(name);
        impl_->by_name.emplace(place.name, *number);
    }
    impl_->touch(*number, impl_->places[*number].is_connected, now);
    return NameAddresses{numbered(impl_->v4, *number), numbered(impl_->v6, *number)};
}

std::string_view NamePool::name_of(IpAddress const& address, Instant now)
{
    if (!is_synthetic(address))
        return {};
    std::uint64_t const number = number_of(address.is_v4() ? impl_->v4 : impl_->v6, address);
    if (number >= impl_->places.size())
        return {};
    impl_->touch(static_cast<std::uint32_t>(number), true, now);
    return impl_->places[number].name;
}

bool NamePool::is_synthetic(IpAddress const& address) const
{
    return impl_->v4.contains(address) || impl_->v6.contains(address);
}

} // namespace osh::netproxy::stack
