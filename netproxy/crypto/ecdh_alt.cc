// Point multiplication by libcrypto: for ECDH behind mbedtls/ecdh.h (MBEDTLS_ECDH_GEN_PUBLIC_ALT,
// _COMPUTE_SHARED_ALT), and for mbedtls_ecp_mul(), with which PSA (so TLS 1.3) makes the public
// half of a key: that function has no seam of its own, so the linker puts ours in front (ld(1),
// --wrap) and the stock one takes what is left. NIST curves as SEC 1, X25519 as RFC 7748.
#include "netproxy/crypto/hooks.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/platform_util.h>

#include <array>
#include <utility>

using namespace osh::netproxy::crypto; // the functions are C's, their helpers ours

using Random = int (*)(void*, unsigned char*, size_t);

extern "C" {
int __real_mbedtls_ecp_mul(mbedtls_ecp_group* grp, mbedtls_ecp_point* R, mbedtls_mpi const* m,
    mbedtls_ecp_point const* P, Random f_rng, void* p_rng);
int __wrap_mbedtls_ecp_mul(mbedtls_ecp_group* grp, mbedtls_ecp_point* R, mbedtls_mpi const* m,
    mbedtls_ecp_point const* P, Random f_rng, void* p_rng);
}

namespace
{

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKey>;
using Coordinate = std::array<unsigned char, 32>; // of X25519, little-endian

constexpr int kBasePoint = 9; // RFC 7748 section 4.1

bool on_nist_curve(EC_KEY* key, mbedtls_ecp_group const& grp, mbedtls_mpi const& m,
    std::pair<mbedtls_ecp_point const&, mbedtls_ecp_point&> points)
{
    auto const* group = EC_KEY_get0_group(key);
    auto* const scratch = Libcrypto::started()->numbers;
    auto const [from, to] = points;
    auto const number = number_of(m);
    Point const result(EC_POINT_new(group));
    Number const x(BN_new()), y(BN_new());
    if (number == nullptr || result == nullptr || x == nullptr || y == nullptr)
        return false;
    bool const is_base = mbedtls_ecp_point_cmp(&from, &grp.G) == 0;
    auto const point = is_base ? nullptr : point_of(group, from);
    bool const is_done =
        is_base
            ? EC_POINT_mul(group, result.get(), number.get(), nullptr, nullptr, scratch) == 1
            : point != nullptr
                  && EC_POINT_mul(group, result.get(), nullptr, point.get(), number.get(), scratch)
                         == 1;
    return is_done
           && EC_POINT_get_affine_coordinates(group, result.get(), x.get(), y.get(), scratch) == 1
           && copy_number(to.MBEDTLS_PRIVATE(X), x.get())
           && copy_number(to.MBEDTLS_PRIVATE(Y), y.get())
           && mbedtls_mpi_lset(&to.MBEDTLS_PRIVATE(Z), 1) == 0;
}

bool agree(EVP_PKEY* own, Coordinate& peer, Coordinate& shared)
{
    Key const other(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size()));
    KeyContext const context(EVP_PKEY_CTX_new(own, nullptr));
    auto size = shared.size();
    return other != nullptr && context != nullptr && EVP_PKEY_derive_init(context.get()) == 1
           && EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1
           && EVP_PKEY_derive(context.get(), shared.data(), &size) == 1 && size == shared.size();
}

bool on_x25519(mbedtls_mpi const& m, mbedtls_ecp_point const& from, mbedtls_ecp_point& to)
{
    Coordinate scalar{}, u{}, result{};
    auto const& x = from.MBEDTLS_PRIVATE(X);
    if (mbedtls_mpi_write_binary_le(&m, scalar.data(), scalar.size()) != 0
        || mbedtls_mpi_write_binary_le(&x, u.data(), u.size()) != 0)
        return false;
    Key const own(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.data(), scalar.size()));
    mbedtls_platform_zeroize(scalar.data(), scalar.size());
    auto size = result.size();
    bool const is_done =
        own != nullptr
        && (mbedtls_mpi_cmp_int(&x, kBasePoint) == 0
                ? EVP_PKEY_get_raw_public_key(own.get(), result.data(), &size) == 1
                : agree(own.get(), u, result))
        && mbedtls_mpi_read_binary_le(&to.MBEDTLS_PRIVATE(X), result.data(), result.size()) == 0
        && mbedtls_mpi_lset(&to.MBEDTLS_PRIVATE(Z), 1) == 0;
    mbedtls_mpi_free(&to.MBEDTLS_PRIVATE(Y)); // Montgomery points have none in mbedTLS
    mbedtls_platform_zeroize(result.data(), result.size());
    return is_done;
}

} // namespace

int __wrap_mbedtls_ecp_mul(mbedtls_ecp_group* grp, mbedtls_ecp_point* R, mbedtls_mpi const* m,
    mbedtls_ecp_point const* P, Random f_rng, void* p_rng)
{
    auto* const key = key_object(grp->id);
    if (key == nullptr && grp->id != MBEDTLS_ECP_DP_CURVE25519)
        return __real_mbedtls_ecp_mul(grp, R, m, P, f_rng, p_rng);
    // What the stock function refuses is refused here: also a coordinate that is not reduced.
    if (int const bad = mbedtls_ecp_check_privkey(grp, m); bad != 0)
        return bad;
    if (int const bad = mbedtls_ecp_check_pubkey(grp, P); bad != 0)
        return bad;
    bool const is_done =
        key != nullptr ? on_nist_curve(key, *grp, *m, {*P, *R}) : on_x25519(*m, *P, *R);
    return succeeded(is_done) ? 0 : MBEDTLS_ERR_ECP_INVALID_KEY;
}

int mbedtls_ecdh_gen_public(
    mbedtls_ecp_group* grp, mbedtls_mpi* d, mbedtls_ecp_point* Q, Random f_rng, void* p_rng)
{
    if (int const bad = mbedtls_ecp_gen_privkey(grp, d, f_rng, p_rng); bad != 0)
        return bad;
    return __wrap_mbedtls_ecp_mul(grp, Q, d, &grp->G, f_rng, p_rng);
}

int mbedtls_ecdh_compute_shared(mbedtls_ecp_group* grp, mbedtls_mpi* z, mbedtls_ecp_point const* Q,
    mbedtls_mpi const* d, Random f_rng, void* p_rng)
{
    mbedtls_ecp_point shared;
    mbedtls_ecp_point_init(&shared);
    int code = __wrap_mbedtls_ecp_mul(grp, &shared, d, Q, f_rng, p_rng);
    if (code == 0 && mbedtls_ecp_is_zero(&shared))
        code = MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    if (code == 0)
        code = mbedtls_mpi_copy(z, &shared.MBEDTLS_PRIVATE(X));
    mbedtls_ecp_point_free(&shared);
    return code;
}
