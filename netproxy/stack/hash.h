#pragma once
// A keyed hash for tables whose keys the agent chooses, so that it cannot choose collisions without
// the session's random seed. Not cryptographic.

#include "policy/base/ip_address.h"

#include <bit>
#include <cstdint>

namespace osh::netproxy::stack
{

class KeyedHash
{
public:
    explicit constexpr KeyedHash(std::uint64_t seed) : state_(seed ^ 0x9e3779b97f4a7c15) {}

    constexpr KeyedHash& mix(std::uint64_t word)
    {
        state_ = finish(state_ ^ word) + std::rotl(word, 23);
        return *this;
    }

    KeyedHash& mix(IpAddress const& address)
    {
        auto const halves = std::bit_cast<std::array<std::uint64_t, 2>>(address.bytes());
        return mix(halves[0]).mix(halves[1]);
    }

    constexpr std::uint64_t digest() const { return finish(state_); }

private:
    // The finisher of splitmix64 (Steele, Lea, Flood 2014).
    static constexpr std::uint64_t finish(std::uint64_t z)
    {
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

    std::uint64_t state_;
};

} // namespace osh::netproxy::stack
