#pragma once
// SHA-1 (FIPS 180-4), only where a file format of others demands it: the names in OpenSSL's hashed
// directory and the seal of a Java key store. Nothing of ours rests on it.

#include "policy/base/bytes.h"

#include <array>

namespace osh::launcher::trust
{

class Sha1
{
public:
    using Digest = std::array<std::byte, 20>;

    void add(Bytes bytes);
    Digest finish(); // once

    // The state after the whole blocks so far, and going on from it: `length` bytes were added, of
    // which `rest` (fewer than a block) are not in the state.
    Digest state() const;
    static Sha1 resume(Digest const& state, std::uint64_t length, Bytes rest);
    static constexpr std::size_t kBlock = 64;

private:
    void block(Bytes chunk);

    std::array<std::uint32_t, 5> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    std::array<std::byte, kBlock> rest_{};
    std::size_t held_ = 0;
    std::uint64_t length_ = 0; // bytes
};

} // namespace osh::launcher::trust
