#include "launcher/trust/sha1.h"

#include <algorithm>
#include <bit>

namespace osh::launcher::trust
{
namespace
{

constexpr std::size_t kRounds = 80;

std::uint32_t word_at(Bytes bytes, std::size_t at)
{
    auto const part = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[at + i]); };
    return part(0) << 24 | part(1) << 16 | part(2) << 8 | part(3);
}

struct Mix {
    std::uint32_t f, k;
};

Mix mix(std::size_t round, std::uint32_t b, std::uint32_t c, std::uint32_t d)
{
    if (round < 20)
        return {(b & c) | (~b & d), 0x5a827999};
    if (round < 40)
        return {b ^ c ^ d, 0x6ed9eba1};
    if (round < 60)
        return {(b & c) | (b & d) | (c & d), 0x8f1bbcdc};
    return {b ^ c ^ d, 0xca62c1d6};
}

} // namespace

void Sha1::block(Bytes chunk)
{
    std::array<std::uint32_t, kRounds> words{};
    for (std::size_t i = 0; i < 16; ++i)
        words[i] = word_at(chunk, i * 4);
    for (std::size_t i = 16; i < kRounds; ++i)
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    auto [a, b, c, d, e] = state_;
    for (std::size_t i = 0; i < kRounds; ++i) {
        auto const [f, k] = mix(i, b, c, d);
        std::uint32_t const next = std::rotl(a, 5) + f + e + k + words[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    std::array const result{a, b, c, d, e};
    for (std::size_t i = 0; i < state_.size(); ++i)
        state_[i] += result[i];
}

void Sha1::add(Bytes bytes)
{
    length_ += bytes.size();
    while (!bytes.empty()) {
        if (held_ == 0 && bytes.size() >= kBlock) {
            block(bytes.first(kBlock));
            bytes = bytes.subspan(kBlock);
            continue;
        }
        std::size_t const count = std::min(kBlock - held_, bytes.size());
        std::copy_n(bytes.begin(), count, rest_.begin() + static_cast<std::ptrdiff_t>(held_));
        held_ += count;
        bytes = bytes.subspan(count);
        if (held_ < kBlock)
            continue;
        block(rest_);
        held_ = 0;
    }
}

Sha1::Digest Sha1::finish()
{
    std::uint64_t const bits = length_ * 8;
    constexpr std::array kOne{std::byte{0x80}};
    constexpr std::array kZero{std::byte{0}};
    add(kOne);
    while (held_ != kBlock - sizeof bits)
        add(kZero);
    ByteWriter tail;
    tail.u32_be(static_cast<std::uint32_t>(bits >> 32));
    tail.u32_be(static_cast<std::uint32_t>(bits));
    add(tail.bytes());
    return state();
}

Sha1::Digest Sha1::state() const
{
    Digest digest{};
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<std::byte>(state_[i / 4] >> (24 - 8 * (i % 4)) & 0xff);
    return digest;
}

Sha1 Sha1::resume(Digest const& state, std::uint64_t length, Bytes rest)
{
    Sha1 sha1;
    for (std::size_t i = 0; i < sha1.state_.size(); ++i)
        sha1.state_[i] = word_at(state, i * 4);
    sha1.length_ = length - rest.size();
    sha1.add(rest);
    return sha1;
}

} // namespace osh::launcher::trust
