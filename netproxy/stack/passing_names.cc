// How: the n-th name given has the n-th address and stands at place n modulo the number of places.

#include "netproxy/stack/passing_names.h"

#include "netproxy/stack/synthetic_address.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace osh::netproxy::stack
{
namespace
{

constexpr std::uint64_t kNone = UINT64_MAX;
// Places in a row that connections hold, passed over for one name. Beyond it the name gets nothing.
constexpr int kMostPassedOver = 64;

} // namespace

struct PassingNames::Impl {
    struct Place {
        std::string name;
        std::uint64_t turn = kNone; // as which it was given
        std::optional<Instant> connected;
    };

    AddressBlock v4, v6;
    std::size_t capacity, room; // places; addresses
    std::vector<Place> places;
    std::uint64_t next_turn = 0;
    std::unordered_map<std::string_view, std::uint64_t>
        by_name; // to its last turn; views of places

    Place& place_of(std::uint64_t turn) { return places[turn % capacity]; }

    AddressPair addresses_of(std::uint64_t turn) const
    {
        auto const number = static_cast<std::uint32_t>(turn % room);
        return {numbered_address(v4, number), numbered_address(v6, number)};
    }

    void forget(Place const& place)
    {
        auto const known = by_name.find(place.name);
        if (known != by_name.end() && known->second == place.turn)
            by_name.erase(known);
    }

    std::optional<std::uint64_t> free_turn(Instant now, Duration kept_for)
    {
        for (int i = 0; i < kMostPassedOver; ++i) {
            std::uint64_t const turn = next_turn++;
            if (places.size() < capacity && turn >= places.size())
                places.emplace_back();
            auto const& connected = place_of(turn).connected;
            if (!connected || now - *connected >= kept_for)
                return turn;
        }
        return std::nullopt;
    }

    // Not one that goes soon: whoever asks again means to use it.
    std::optional<std::uint64_t> lasting_turn(std::string_view name)
    {
        auto const known = by_name.find(name);
        if (known == by_name.end())
            return std::nullopt;
        bool const is_young = next_turn - known->second <= capacity / 2;
        if (is_young || place_of(known->second).connected)
            return known->second;
        return std::nullopt;
    }
};

PassingNames::PassingNames(PassingBlocks const& blocks)
    : impl_(std::make_unique<Impl>(Impl{blocks.v4, blocks.v6, 0, 0, {}, 0, {}}))
{
    impl_->room = std::min(room_of_block(blocks.v4), room_of_block(blocks.v6));
    impl_->capacity = std::min(blocks.capacity, impl_->room);
    impl_->places.reserve(impl_->capacity); // views into it must stay valid
}

PassingNames::~PassingNames() = default;

std::optional<AddressPair> PassingNames::addresses_for(
    std::string_view name, Instant now, Duration kept_for)
{
    if (impl_->capacity == 0)
        return std::nullopt;
    if (auto const known = impl_->lasting_turn(name))
        return impl_->addresses_of(*known);
    auto const turn = impl_->free_turn(now, kept_for);
    if (!turn)
        return std::nullopt;
    auto& place = impl_->place_of(*turn);
    impl_->forget(place);
    impl_->by_name.erase(name); // an older place keeps its address, its name leads here now
    place.name = name;
    place.turn = *turn;
    place.connected.reset();
    impl_->by_name.emplace(place.name, *turn);
    return impl_->addresses_of(*turn);
}

std::string_view PassingNames::name_of(IpAddress const& address, Instant now)
{
    std::uint64_t const number =
        number_of_address(address.is_v4() ? impl_->v4 : impl_->v6, address);
    if (number >= impl_->room || impl_->next_turn == 0)
        return {};
    std::uint64_t const last = impl_->next_turn - 1;
    std::uint64_t const age = (last % impl_->room + impl_->room - number) % impl_->room;
    if (age > last)
        return {};
    auto& place = impl_->place_of(last - age);
    if (place.turn != last - age)
        return {};
    if (age < impl_->room / 2) // no longer, so that it is gone before its number comes again
        place.connected = now;
    return place.name;
}

bool PassingNames::contains(IpAddress const& address) const
{
    return impl_->v4.contains(address) || impl_->v6.contains(address);
}

} // namespace osh::netproxy::stack
