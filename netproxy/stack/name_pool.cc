// How: the n-th place of the pool has the n-th pair of addresses. A name keeps its place until
// another needs it, so a resolver's cache inside the sandbox stays right for at least kNameEpoch.

#include "netproxy/stack/name_pool.h"

#include "netproxy/stack/synthetic_address.h"

#include <algorithm>
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

// Long enough to spare look-ups, shorter than any epoch, so that an address that a resolver inside
// still believes in still means the same name.
constexpr std::uint32_t kTtlSeconds = 30;

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
    std::optional<PassingNames> passing; // names beyond the capacity
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

    std::optional<NameAddresses> passing_addresses(std::string_view name, Instant now)
    {
        auto const given = passing ? passing->addresses_for(name, now, kAskedEpoch) : std::nullopt;
        if (!given)
            return std::nullopt;
        return NameAddresses{given->v4, given->v6, 0};
    }
};

NamePool::NamePool(AddressBlock v4_block, AddressBlock v6_block, std::size_t capacity,
    std::optional<PassingBlocks> const& passing)
    : impl_(std::make_unique<Impl>())
{
    impl_->v4 = v4_block;
    impl_->v6 = v6_block;
    impl_->capacity = std::min({capacity, room_of_block(v4_block), room_of_block(v6_block)});
    if (passing)
        impl_->passing.emplace(*passing);
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
            return impl_->passing_addresses(name, now);
        auto& place = impl_->places[*number];
        place.name = std::string(name);
        impl_->by_name.emplace(place.name, *number);
    }
    impl_->touch(*number, impl_->places[*number].is_connected, now);
    return NameAddresses{
        numbered_address(impl_->v4, *number), numbered_address(impl_->v6, *number), kTtlSeconds};
}

std::string_view NamePool::name_of(IpAddress const& address, Instant now)
{
    if (impl_->passing && impl_->passing->contains(address))
        return impl_->passing->name_of(address, now);
    if (!is_synthetic(address))
        return {};
    std::uint64_t const number =
        number_of_address(address.is_v4() ? impl_->v4 : impl_->v6, address);
    if (number >= impl_->places.size())
        return {};
    impl_->touch(static_cast<std::uint32_t>(number), true, now);
    return impl_->places[number].name;
}

bool NamePool::is_synthetic(IpAddress const& address) const
{
    return impl_->v4.contains(address) || impl_->v6.contains(address)
           || (impl_->passing && impl_->passing->contains(address));
}

} // namespace osh::netproxy::stack
