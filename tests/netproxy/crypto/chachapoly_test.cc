// ChaCha20-Poly1305 behind mbedTLS, whoever computes it: the RFC's vector, and random messages
// against its construction over mbedTLS's own ChaCha20 and Poly1305.
#include "tests/netproxy/crypto/texts.h"

#include <mbedtls/chacha20.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/poly1305.h>

#include <gtest/gtest.h>

namespace
{

using namespace osh::test;

struct ChaCha {
    explicit ChaCha(Text const& key)
    {
        mbedtls_chachapoly_init(&context);
        EXPECT_EQ(mbedtls_chachapoly_setkey(&context, key.data()), 0);
    }
    ~ChaCha() { mbedtls_chachapoly_free(&context); }
    ChaCha(ChaCha const&) = delete;
    ChaCha& operator=(ChaCha const&) = delete;
    mbedtls_chachapoly_context context;
};

Sealed seal(ChaCha& chacha, Text const& nonce, Text const& aad, Text const& plain)
{
    Sealed sealed{Text(plain.size()), Text(16)};
    EXPECT_EQ(mbedtls_chachapoly_encrypt_and_tag(&chacha.context, plain.size(), nonce.data(),
                  aad.data(), aad.size(), plain.data(), sealed.text.data(), sealed.tag.data()),
        0);
    return sealed;
}

// RFC 8439 section 2.8.
Sealed chacha_by_formula(Text const& key, Text const& nonce, Text const& aad, Text const& plain)
{
    Text const nothing(64);
    Text one_time(64);
    mbedtls_chacha20_crypt(key.data(), nonce.data(), 0, 64, nothing.data(), one_time.data());
    Sealed sealed{Text(plain.size()), Text(16)};
    mbedtls_chacha20_crypt(
        key.data(), nonce.data(), 1, plain.size(), plain.data(), sealed.text.data());
    Text mac = aad;
    mac.resize((mac.size() + 15) / 16 * 16);
    mac.insert(mac.end(), sealed.text.begin(), sealed.text.end());
    mac.resize((mac.size() + 15) / 16 * 16);
    for (std::uint64_t const size : {aad.size(), plain.size()})
        for (int shift = 0; shift < 64; shift += 8)
            mac.push_back(static_cast<unsigned char>(size >> shift));
    mbedtls_poly1305_mac(one_time.data(), mac.data(), mac.size(), sealed.tag.data());
    return sealed;
}

TEST(ChaCha20Poly1305, GivesTheStandardsAnswer)
{
    ChaCha chacha(hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
    std::string_view const words = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                   "only one tip for the future, sunscreen would be it.";
    auto const sealed = seal(chacha, hex("070000004041424344454647"),
        hex("50515253c0c1c2c3c4c5c6c7"), Text(words.begin(), words.end()));
    EXPECT_EQ(Text(sealed.text.begin(), sealed.text.begin() + 16),
        hex("d31a8d34648e60db7b86afbc53ef7ec2"));
    EXPECT_EQ(sealed.tag, hex("1ae10b594f09e26a7e902ecbd0600691"));
}

TEST(ChaCha20Poly1305, AgreesWithTheFormulasWholeAndInPieces)
{
    Dice dice;
    auto const key = dice.text(32);
    ChaCha chacha(key);
    for (std::size_t size = 0; size < 200; ++size) {
        auto const nonce = dice.text(12), aad = dice.text(dice.up_to(40)), plain = dice.text(size);
        auto const expected = chacha_by_formula(key, nonce, aad, plain);
        ASSERT_EQ(seal(chacha, nonce, aad, plain), expected);
        for (auto const mode : {MBEDTLS_CHACHAPOLY_ENCRYPT, MBEDTLS_CHACHAPOLY_DECRYPT}) {
            auto text = mode == MBEDTLS_CHACHAPOLY_ENCRYPT ? plain : expected.text;
            auto const result = mode == MBEDTLS_CHACHAPOLY_ENCRYPT ? expected.text : plain;
            auto const cut = dice.up_to(size);
            Text tag(16);
            auto* const context = &chacha.context;
            mbedtls_chachapoly_starts(context, nonce.data(), mode);
            mbedtls_chachapoly_update_aad(context, aad.data(), aad.size());
            mbedtls_chachapoly_update(context, cut, text.data(), text.data());
            mbedtls_chachapoly_update(context, size - cut, text.data() + cut, text.data() + cut);
            ASSERT_EQ(mbedtls_chachapoly_finish(context, tag.data()), 0);
            ASSERT_EQ(text, result);
            ASSERT_EQ(tag, expected.tag);
        }
    }
}

TEST(ChaCha20Poly1305, RefusesAFlippedBit)
{
    Dice dice;
    ChaCha chacha(dice.text(32));
    auto const nonce = dice.text(12), plain = dice.text(33);
    auto sealed = seal(chacha, nonce, {}, plain);
    Text out(33);
    auto const opened = [&] {
        return mbedtls_chachapoly_auth_decrypt(&chacha.context, 33, nonce.data(), nullptr, 0,
            sealed.tag.data(), sealed.text.data(), out.data());
    };
    EXPECT_EQ(opened(), 0);
    EXPECT_EQ(out, plain);
    sealed.text[32] ^= 0x80;
    EXPECT_EQ(opened(), MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED);
    EXPECT_EQ(out, Text(33));
}

} // namespace
