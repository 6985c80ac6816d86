// AES-GCM behind mbedTLS, whoever computes it: standard vectors, and random messages against a slow
// reference made from the standard's formulas over mbedTLS's own AES.
#include "tests/netproxy/crypto/texts.h"

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>

#include <gtest/gtest.h>

namespace
{

using namespace osh::test;

using Block = std::array<unsigned char, 16>;
struct Gcm {
    explicit Gcm(Text const& key)
    {
        mbedtls_gcm_init(&context);
        code = mbedtls_gcm_setkey(
            &context, MBEDTLS_CIPHER_ID_AES, key.data(), static_cast<unsigned>(key.size() * 8));
    }
    ~Gcm() { mbedtls_gcm_free(&context); }
    Gcm(Gcm const&) = delete;
    Gcm& operator=(Gcm const&) = delete;
    mbedtls_gcm_context context;
    int code;
};

Sealed seal(Gcm& gcm, Text const& iv, Text const& aad, Text const& plain, std::size_t tag_size = 16)
{
    Sealed sealed{Text(plain.size()), Text(tag_size)};
    EXPECT_EQ(mbedtls_gcm_crypt_and_tag(&gcm.context, MBEDTLS_GCM_ENCRYPT, plain.size(), iv.data(),
                  iv.size(), aad.data(), aad.size(), plain.data(), sealed.text.data(), tag_size,
                  sealed.tag.data()),
        0);
    return sealed;
}

int open(Gcm& gcm, Text const& iv, Text const& aad, Sealed const& sealed, Text& plain)
{
    plain.assign(sealed.text.size(), 0xee);
    return mbedtls_gcm_auth_decrypt(&gcm.context, sealed.text.size(), iv.data(), iv.size(),
        aad.data(), aad.size(), sealed.tag.data(), sealed.tag.size(), sealed.text.data(),
        plain.data());
}

// SP 800-38D section 6.3: multiplication in GF(2^128), bit by bit.
Block times(Block x, Block v)
{
    Block z{};
    for (int i = 0; i < 128; ++i) {
        if (x[static_cast<std::size_t>(i / 8)] & (0x80 >> (i % 8)))
            for (std::size_t j = 0; j < 16; ++j)
                z[j] ^= v[j];
        bool const carry = v[15] & 1;
        for (std::size_t j = 15; j > 0; --j)
            v[j] = static_cast<unsigned char>((v[j] >> 1) | (v[j - 1] << 7));
        v[0] >>= 1;
        if (carry)
            v[0] ^= 0xe1;
    }
    return z;
}

void absorb(Block& y, Block const& h, Text const& text)
{
    for (std::size_t i = 0; i < text.size(); i += 16) {
        for (std::size_t j = 0; j < 16 && i + j < text.size(); ++j)
            y[j] ^= text[i + j];
        y = times(y, h);
    }
}

Text lengths(std::uint64_t first, std::uint64_t second)
{
    Text out(16);
    for (std::size_t i = 0; i < 8; ++i) {
        out[i] = static_cast<unsigned char>((first * 8) >> (56 - 8 * i));
        out[8 + i] = static_cast<unsigned char>((second * 8) >> (56 - 8 * i));
    }
    return out;
}

class Reference
{
public:
    explicit Reference(Text const& key)
    {
        mbedtls_aes_init(&aes_);
        mbedtls_aes_setkey_enc(&aes_, key.data(), static_cast<unsigned>(key.size() * 8));
        h_ = encrypt({});
    }
    ~Reference() { mbedtls_aes_free(&aes_); }
    Reference(Reference const&) = delete;
    Reference& operator=(Reference const&) = delete;

    Sealed seal(Text const& iv, Text const& aad, Text const& plain)
    {
        Block counter{};
        if (iv.size() == 12) {
            std::copy(iv.begin(), iv.end(), counter.begin());
            counter[15] = 1;
        } else {
            absorb(counter, h_, iv);
            absorb(counter, h_, lengths(0, iv.size()));
        }
        auto const mask = encrypt(counter);
        Sealed sealed{plain, Text(16)};
        for (std::size_t i = 0; i < plain.size(); ++i) {
            if (i % 16 == 0) {
                for (std::size_t j = 15; j >= 12 && ++counter[j] == 0; --j) {
                }
                stream_ = encrypt(counter);
            }
            sealed.text[i] ^= stream_[i % 16];
        }
        Block y{};
        absorb(y, h_, aad);
        absorb(y, h_, sealed.text);
        absorb(y, h_, lengths(aad.size(), plain.size()));
        for (std::size_t i = 0; i < 16; ++i)
            sealed.tag[i] = y[i] ^ mask[i];
        return sealed;
    }

private:
    Block encrypt(Block in)
    {
        Block out{};
        mbedtls_aes_crypt_ecb(&aes_, MBEDTLS_AES_ENCRYPT, in.data(), out.data());
        return out;
    }
    mbedtls_aes_context aes_;
    Block h_{}, stream_{};
};

struct Vector {
    std::string_view key, iv, aad, plain, text, tag;
};

constexpr std::string_view kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
constexpr std::string_view kAad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
constexpr std::string_view kKey = "feffe9928665731c6d6a8f9467308308";

// Table: the test cases of the GCM specification (McGrew and Viega, appendix B), which NIST took
// over.
std::vector<Vector> const kVectors{
    {"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
        "58e2fccefa7e3061367f1d57a4e7455a"},
    {"00000000000000000000000000000000", "000000000000000000000000", "",
        "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78",
        "ab6e47d42cec13bdf53a67b21257bddf"},
    {kKey, "cafebabefacedbaddecaf888", "", kPlain,
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        "4d5c2af327cd64a62cf35abd2ba6fab4"},
    {kKey, "cafebabefacedbaddecaf888", kAad, kPlain.substr(0, 120),
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47"},
    {kKey, "cafebabefacedbad", kAad, kPlain.substr(0, 120),
        "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c7423"
        "73806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
        "3612d2e79e3b0785561be14aaca2fccb"},
    {kKey,
        "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728"
        "c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b",
        kAad, kPlain.substr(0, 120),
        "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca7"
        "01e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
        "619cc5aefffe0bfa462af43c1699d050"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
        "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
        "", "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919"},
};

TEST(AesGcm, GivesTheStandardsAnswers)
{
    for (auto const& vector : kVectors) {
        Gcm gcm(hex(vector.key));
        ASSERT_EQ(gcm.code, 0);
        auto const sealed = seal(gcm, hex(vector.iv), hex(vector.aad), hex(vector.plain));
        EXPECT_EQ(sealed.text, hex(vector.text));
        EXPECT_EQ(sealed.tag, hex(vector.tag));
        Text plain;
        EXPECT_EQ(open(gcm, hex(vector.iv), hex(vector.aad), sealed, plain), 0);
        EXPECT_EQ(plain, hex(vector.plain));
    }
}

TEST(AesGcm, AgreesWithTheFormulasForEveryLength)
{
    Dice dice;
    for (std::size_t const key_size : {16u, 24u, 32u}) {
        auto const key = dice.text(key_size);
        Gcm gcm(key);
        Reference reference(key);
        for (std::size_t size = 0; size < 130; ++size) {
            auto const iv = dice.text(size % 3 == 0 ? 1 + size % 128 : 12);
            auto const aad = dice.text(dice.up_to(70));
            auto const plain = dice.text(size);
            ASSERT_EQ(seal(gcm, iv, aad, plain), reference.seal(iv, aad, plain)) << size;
        }
        auto const long_plain = dice.text(20000);
        auto const iv = dice.text(12);
        EXPECT_EQ(seal(gcm, iv, {}, long_plain), reference.seal(iv, {}, long_plain));
    }
}

TEST(AesGcm, TakesEveryTagLengthAndRefusesEveryFlippedBit)
{
    Dice dice;
    Gcm gcm(dice.text(16));
    auto const iv = dice.text(12), aad = dice.text(13), plain = dice.text(47);
    auto const whole = seal(gcm, iv, aad, plain);
    for (std::size_t size = 4; size <= 16; ++size) {
        auto sealed = seal(gcm, iv, aad, plain, size);
        EXPECT_TRUE(std::equal(sealed.tag.begin(), sealed.tag.end(), whole.tag.begin()));
        Text out;
        EXPECT_EQ(open(gcm, iv, aad, sealed, out), 0);
        for (std::size_t bit = 0; bit < size * 8; ++bit) {
            auto bad = sealed;
            bad.tag[bit / 8] ^= static_cast<unsigned char>(1 << bit % 8);
            ASSERT_EQ(open(gcm, iv, aad, bad, out), MBEDTLS_ERR_GCM_AUTH_FAILED);
            ASSERT_EQ(out, Text(plain.size())) << "unverified plaintext stays behind";
        }
    }
    Text out;
    auto bad = whole;
    bad.text[46] ^= 1;
    EXPECT_EQ(open(gcm, iv, aad, bad, out), MBEDTLS_ERR_GCM_AUTH_FAILED);
    auto other = aad;
    other[0] ^= 1;
    EXPECT_EQ(open(gcm, iv, other, whole, out), MBEDTLS_ERR_GCM_AUTH_FAILED);
    EXPECT_EQ(open(gcm, iv, aad, whole, out), 0) << "a failure leaves the key usable";
}

TEST(AesGcm, RefusesWhatItCannotTake)
{
    Gcm gcm(Text(16));
    Text out(16), tag(16);
    auto const crypt = [&](std::size_t iv_size, std::size_t tag_size) {
        return mbedtls_gcm_crypt_and_tag(&gcm.context, MBEDTLS_GCM_ENCRYPT, 16, tag.data(), iv_size,
            nullptr, 0, out.data(), out.data(), tag_size, tag.data());
    };
    EXPECT_EQ(crypt(12, 16), 0);
    EXPECT_NE(crypt(0, 16), 0);
    EXPECT_NE(crypt(12, 3), 0);
    EXPECT_NE(crypt(12, 17), 0);
    EXPECT_NE(Gcm(Text(15)).code, 0);
}

// The stock code wants whole blocks in all updates but the last.
#ifdef MBEDTLS_GCM_ALT
// Splits of a message, each part through update; also in place, as TLS does.
Sealed in_pieces(Gcm& gcm, int mode, Text const& iv, Text const& aad, Text text, Dice& dice)
{
    Sealed sealed{std::move(text), Text(16)};
    EXPECT_EQ(mbedtls_gcm_starts(&gcm.context, mode, iv.data(), iv.size()), 0);
    for (std::size_t at = 0; at < aad.size();) {
        auto const part = std::min(aad.size() - at, 1 + dice.up_to(20));
        EXPECT_EQ(mbedtls_gcm_update_ad(&gcm.context, aad.data() + at, part), 0);
        at += part;
    }
    for (std::size_t at = 0; at < sealed.text.size();) {
        auto const part = std::min(sealed.text.size() - at, 1 + dice.up_to(40));
        std::size_t written = 0;
        auto* const data = sealed.text.data() + at;
        EXPECT_EQ(mbedtls_gcm_update(&gcm.context, data, part, data, part, &written), 0);
        EXPECT_EQ(written, part);
        at += part;
    }
    std::size_t rest = 0;
    EXPECT_EQ(mbedtls_gcm_finish(&gcm.context, nullptr, 0, &rest, sealed.tag.data(), 16), 0);
    EXPECT_EQ(rest, 0u);
    return sealed;
}

TEST(AesGcm, GivesTheSameInAnyPieces)
{
    Dice dice;
    auto const key = dice.text(32);
    Gcm gcm(key);
    Reference reference(key);
    for (int round = 0; round < 60; ++round) {
        auto const iv = dice.text(12), aad = dice.text(dice.up_to(60));
        auto const plain = dice.text(dice.up_to(9000));
        auto const whole = reference.seal(iv, aad, plain);
        ASSERT_EQ(in_pieces(gcm, MBEDTLS_GCM_ENCRYPT, iv, aad, plain, dice), whole);
        auto const opened = in_pieces(gcm, MBEDTLS_GCM_DECRYPT, iv, aad, whole.text, dice);
        ASSERT_EQ(opened.text, plain);
        ASSERT_EQ(opened.tag, whole.tag) << "the tag of what was read, for the caller to compare";
    }
}

TEST(AesGcm, RefusesPiecesWithoutABeginning)
{
    Gcm gcm(Text(16));
    Text text(16);
    std::size_t written = 0;
    EXPECT_NE(mbedtls_gcm_update(&gcm.context, text.data(), 16, text.data(), 16, &written), 0);
    EXPECT_NE(mbedtls_gcm_finish(&gcm.context, nullptr, 0, &written, text.data(), 16), 0);
    EXPECT_EQ(mbedtls_gcm_starts(&gcm.context, MBEDTLS_GCM_ENCRYPT, text.data(), 12), 0);
    EXPECT_EQ(mbedtls_gcm_update(&gcm.context, text.data(), 16, text.data(), 15, &written),
        MBEDTLS_ERR_GCM_BUFFER_TOO_SMALL);
    EXPECT_EQ(mbedtls_gcm_update(&gcm.context, text.data(), 16, text.data(), 16, &written), 0);
    EXPECT_NE(mbedtls_gcm_update_ad(&gcm.context, text.data(), 16), 0) << "too late";
}
#endif

} // namespace
