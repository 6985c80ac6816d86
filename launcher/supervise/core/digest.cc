#include "launcher/supervise/core/digest.h"

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace osh::launcher
{
namespace
{

using State = std::array<std::uint32_t, 8>;

// FIPS 180-4 section 4.2.2
constexpr std::array<std::uint32_t, 64> kRound{0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
    0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::array<std::uint32_t, 64> schedule(std::string_view block)
{
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 64; ++i)
        w[i / 4] = (w[i / 4] << 8) | static_cast<unsigned char>(block[i]);
    for (std::size_t i = 16; i < 64; ++i) {
        auto const a = w[i - 15], b = w[i - 2];
        auto const s0 = std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3);
        auto const s1 = std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    return w;
}

void compress(State& state, std::string_view block)
{
    auto const w = schedule(block);
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        auto const s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        auto const t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
        auto const s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        auto const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    State const more{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i)
        state[i] += more[i];
}

std::string sha256(std::string_view text)
{
    State state{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
        0x5be0cd19};
    std::string padded(text);
    padded.push_back('\x80');
    padded.append((120 - padded.size() % 64) % 64, '\0');
    std::uint64_t const bits = std::uint64_t{text.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8)
        padded.push_back(static_cast<char>((bits >> shift) & 0xff));
    for (std::size_t at = 0; at < padded.size(); at += 64)
        compress(state, std::string_view(padded).substr(at, 64));
    std::string out;
    for (auto const word : state)
        for (int shift = 24; shift >= 0; shift -= 8)
            out.push_back(static_cast<char>((word >> shift) & 0xff));
    return out;
}

} // namespace

std::string sha256_base64(std::string_view text)
{
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string const hash = sha256(text);
    std::string out;
    for (std::size_t at = 0; at < hash.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = (group << 8)
                    | (at + i < hash.size() ? static_cast<unsigned char>(hash[at + i]) : 0u);
        for (int shift = 18; shift >= 0; shift -= 6)
            out.push_back(kAlphabet[(group >> shift) & 63]);
    }
    out.back() = '='; // 32 bytes leave exactly one character of padding
    return out;
}

} // namespace osh::launcher
