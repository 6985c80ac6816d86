// Curves and SHA-256 behind mbedTLS, whoever computes them: standard vectors, and random keys
// against mbedTLS's own point multiplication.
#include "netproxy/crypto/start.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include <gtest/gtest.h>

#include <random>

namespace
{

int random_bytes(void* engine, unsigned char* out, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
        out[i] = static_cast<unsigned char>((*static_cast<std::mt19937*>(engine))());
    return 0;
}

struct Number {
    Number() { mbedtls_mpi_init(&value); }
    explicit Number(char const* hex) : Number() { mbedtls_mpi_read_string(&value, 16, hex); }
    ~Number() { mbedtls_mpi_free(&value); }
    Number(Number const&) = delete;
    Number& operator=(Number const&) = delete;
    mbedtls_mpi value;
};

struct Curve {
    explicit Curve(mbedtls_ecp_group_id id)
    {
        mbedtls_ecp_group_init(&group);
        EXPECT_EQ(mbedtls_ecp_group_load(&group, id), 0);
        for (auto* point : {&a, &b, &c})
            mbedtls_ecp_point_init(point);
    }
    ~Curve()
    {
        for (auto* point : {&a, &b, &c})
            mbedtls_ecp_point_free(point);
        mbedtls_ecp_group_free(&group);
    }
    Curve(Curve const&) = delete;
    Curve& operator=(Curve const&) = delete;
    mbedtls_ecp_group group;
    mbedtls_ecp_point a, b, c;
};

std::mt19937& dice()
{
    static std::mt19937 engine(20261121);
    return engine;
}

int stock_mul(Curve& curve, mbedtls_ecp_point& to, mbedtls_mpi const& by, mbedtls_ecp_point& from)
{
    return mbedtls_ecp_mul_restartable(
        &curve.group, &to, &by, &from, random_bytes, &dice(), nullptr);
}

int mul(Curve& curve, mbedtls_ecp_point& to, mbedtls_mpi const& by, mbedtls_ecp_point& from)
{
    return mbedtls_ecp_mul(&curve.group, &to, &by, &from, random_bytes, &dice());
}

constexpr std::array kCurves{MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
    MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_CURVE25519};

TEST(Curves, AgreeWithTheStockMultiplication)
{
    ASSERT_TRUE(osh::netproxy::crypto::start());
    for (auto const id : kCurves) {
        Curve curve(id);
        for (int round = 0; round < 8; ++round) {
            Number first, second, shared;
            ASSERT_EQ(mbedtls_ecdh_gen_public(
                          &curve.group, &first.value, &curve.a, random_bytes, &dice()),
                0);
            ASSERT_EQ(stock_mul(curve, curve.b, first.value, curve.group.G), 0);
            EXPECT_EQ(
                mbedtls_mpi_cmp_mpi(&curve.a.MBEDTLS_PRIVATE(X), &curve.b.MBEDTLS_PRIVATE(X)), 0);
            mbedtls_ecp_gen_privkey(&curve.group, &second.value, random_bytes, &dice());
            ASSERT_EQ(stock_mul(curve, curve.b, second.value, curve.a), 0);
            ASSERT_EQ(mul(curve, curve.c, second.value, curve.a), 0);
            EXPECT_EQ(
                mbedtls_mpi_cmp_mpi(&curve.b.MBEDTLS_PRIVATE(X), &curve.c.MBEDTLS_PRIVATE(X)), 0);
            ASSERT_EQ(mbedtls_ecdh_compute_shared(&curve.group, &shared.value, &curve.a,
                          &second.value, random_bytes, &dice()),
                0);
            EXPECT_EQ(mbedtls_mpi_cmp_mpi(&shared.value, &curve.b.MBEDTLS_PRIVATE(X)), 0);
        }
    }
}

TEST(Curves, RefuseAPointThatIsNotOnThem)
{
    Curve curve(MBEDTLS_ECP_DP_SECP256R1);
    Number key("1234567890abcdef");
    ASSERT_EQ(mul(curve, curve.a, key.value, curve.group.G), 0);
    mbedtls_mpi_add_int(&curve.a.MBEDTLS_PRIVATE(Y), &curve.a.MBEDTLS_PRIVATE(Y), 1);
    EXPECT_NE(mul(curve, curve.b, key.value, curve.a), 0);
    Number none("0");
    EXPECT_NE(mul(curve, curve.b, none.value, curve.group.G), 0) << "zero is no key";
    EXPECT_NE(mul(curve, curve.b, curve.group.N, curve.group.G), 0) << "nor is the order";
}

// RFC 7748 section 6.1: all-zero outcomes must be refused.
TEST(X25519, RefusesPointsOfSmallOrder)
{
    Curve curve(MBEDTLS_ECP_DP_CURVE25519);
    Number key;
    mbedtls_ecp_gen_privkey(&curve.group, &key.value, random_bytes, &dice());
    for (int const u : {0, 1}) {
        mbedtls_mpi_lset(&curve.a.MBEDTLS_PRIVATE(X), u);
        mbedtls_mpi_lset(&curve.a.MBEDTLS_PRIVATE(Z), 1);
        EXPECT_NE(mul(curve, curve.b, key.value, curve.a), 0) << u;
    }
}

// RFC 7748 section 5.2. Little-endian there, so the numbers are turned round here.
TEST(X25519, GivesTheStandardsAnswer)
{
    Curve curve(MBEDTLS_ECP_DP_CURVE25519);
    auto const read = [](Number& number, std::string_view hex) {
        std::string turned;
        for (std::size_t i = hex.size(); i >= 2; i -= 2)
            turned += hex.substr(i - 2, 2);
        mbedtls_mpi_read_string(&number.value, 16, turned.c_str());
    };
    Number scalar, point, shared, expected;
    // The scalar as section 5 decodes it (bits cleared and set), which is how mbedTLS keeps it.
    read(scalar, "a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44");
    read(point, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    read(expected, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    mbedtls_mpi_copy(&curve.a.MBEDTLS_PRIVATE(X), &point.value);
    mbedtls_mpi_lset(&curve.a.MBEDTLS_PRIVATE(Z), 1);
    int const code = mbedtls_ecdh_compute_shared(
        &curve.group, &shared.value, &curve.a, &scalar.value, random_bytes, &dice());
    ASSERT_EQ(code, 0);
    EXPECT_EQ(mbedtls_mpi_cmp_mpi(&shared.value, &expected.value), 0);
}

struct Hash {
    explicit Hash(std::string_view text)
    {
        mbedtls_sha256(static_cast<unsigned char const*>(static_cast<void const*>(text.data())),
            text.size(), bytes.data(), 0);
    }
    std::string hex() const
    {
        std::string out;
        for (auto const byte : bytes) {
            out += "0123456789abcdef"[byte / 16];
            out += "0123456789abcdef"[byte % 16];
        }
        return out;
    }
    std::array<unsigned char, 32> bytes{};
};

// RFC 6979 appendix A.2.5, P-256 with SHA-256.
TEST(Ecdsa, TakesTheStandardsSignatureAndNoOther)
{
    Curve curve(MBEDTLS_ECP_DP_SECP256R1);
    Number x("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6");
    Number y("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
    Number r("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716");
    Number s("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8");
    mbedtls_mpi_copy(&curve.a.MBEDTLS_PRIVATE(X), &x.value);
    mbedtls_mpi_copy(&curve.a.MBEDTLS_PRIVATE(Y), &y.value);
    mbedtls_mpi_lset(&curve.a.MBEDTLS_PRIVATE(Z), 1);
    auto const check = [&](Hash const& hash, Number const& first, Number const& second) {
        return mbedtls_ecdsa_verify(
            &curve.group, hash.bytes.data(), 32, &curve.a, &first.value, &second.value);
    };
    Number zero("0"), order;
    mbedtls_mpi_copy(&order.value, &curve.group.N);
    EXPECT_EQ(check(Hash("sample"), r, s), 0);
    EXPECT_NE(check(Hash("simple"), r, s), 0);
    EXPECT_NE(check(Hash("sample"), s, r), 0);
    EXPECT_NE(check(Hash("sample"), zero, s), 0);
    EXPECT_NE(check(Hash("sample"), r, zero), 0);
    EXPECT_NE(check(Hash("sample"), order, s), 0);
    EXPECT_NE(check(Hash("sample"), r, order), 0);
}

// The equation of FIPS 186-5 section 6.4.2 with mbedTLS's own arithmetic.
bool is_signature(Curve& curve, Hash const& hash, mbedtls_mpi const& r, mbedtls_mpi const& s)
{
    Number e, inverse, u1, u2;
    auto const& order = curve.group.N;
    mbedtls_mpi_read_binary(&e.value, hash.bytes.data(), 32);
    mbedtls_mpi_inv_mod(&inverse.value, &s, &order);
    mbedtls_mpi_mul_mpi(&u1.value, &e.value, &inverse.value);
    mbedtls_mpi_mod_mpi(&u1.value, &u1.value, &order);
    mbedtls_mpi_mul_mpi(&u2.value, &r, &inverse.value);
    mbedtls_mpi_mod_mpi(&u2.value, &u2.value, &order);
    mbedtls_ecp_muladd(&curve.group, &curve.b, &u1.value, &curve.group.G, &u2.value, &curve.a);
    mbedtls_mpi_mod_mpi(&u1.value, &curve.b.MBEDTLS_PRIVATE(X), &order);
    return mbedtls_mpi_cmp_mpi(&u1.value, &r) == 0;
}

TEST(Ecdsa, SignsWhatTheFormulasAcceptWithAFreshNonce)
{
    for (auto const id : {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1}) {
        Curve curve(id);
        Number key, r, s, earlier;
        mbedtls_ecdh_gen_public(&curve.group, &key.value, &curve.a, random_bytes, &dice());
        for (int round = 0; round < 6; ++round) {
            Hash const hash("message");
            ASSERT_EQ(mbedtls_ecdsa_sign(&curve.group, &r.value, &s.value, &key.value,
                          hash.bytes.data(), 32, random_bytes, &dice()),
                0);
            EXPECT_TRUE(is_signature(curve, hash, r.value, s.value));
            EXPECT_EQ(mbedtls_ecdsa_verify(
                          &curve.group, hash.bytes.data(), 32, &curve.a, &r.value, &s.value),
                0);
            EXPECT_NE(mbedtls_mpi_cmp_mpi(&r.value, &earlier.value), 0) << "one nonce twice";
            mbedtls_mpi_copy(&earlier.value, &r.value);
        }
    }
}

// FIPS 180-4, the example for SHA-384, and one of many blocks.
TEST(Sha512, GivesTheStandardsAnswers)
{
    auto const hash = [](std::string_view text) {
        std::array<unsigned char, 64> bytes{};
        mbedtls_sha512(static_cast<unsigned char const*>(static_cast<void const*>(text.data())),
            text.size(), bytes.data(), 1);
        return std::array{bytes[0], bytes[1], bytes[2], bytes[47]};
    };
    EXPECT_EQ(hash("abc"), (std::array<unsigned char, 4>{0xcb, 0x00, 0x75, 0xa7}));
    EXPECT_EQ(
        hash(std::string(1000000, 'a')), (std::array<unsigned char, 4>{0x9d, 0x0e, 0x18, 0x85}));
}

// FIPS 180-4, the examples; the last one has many blocks.
TEST(Sha256, GivesTheStandardsAnswers)
{
    EXPECT_EQ(
        Hash("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(Hash("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(Hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(Hash(std::string(1000000, 'a')).hex(),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

} // namespace
