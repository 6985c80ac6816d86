// ECDSA (FIPS 186-5) by libcrypto behind mbedtls/ecdsa.h (MBEDTLS_ECDSA_SIGN_ALT, _VERIFY_ALT).
// The nonce is libcrypto's: from the key, the message and random numbers (BN_generate_dsa_nonce),
// so the caller's generator is not asked.
#include "netproxy/crypto/hooks.h"

#include <mbedtls/ecdsa.h>

using namespace osh::netproxy::crypto; // the functions are C's, their helpers ours

namespace
{

struct FreeSignature {
    void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
using Signature = std::unique_ptr<ECDSA_SIG, FreeSignature>;

// Puts a private key into the shared key object for one signature.
class LentKey
{
public:
    LentKey(EC_KEY* key, BIGNUM const* number)
        : key_(key), is_good_(EC_KEY_set_private_key(key, number) == 1)
    {
    }
    ~LentKey() { EC_KEY_set_private_key(key_, nullptr); } // wipes it
    LentKey(LentKey const&) = delete;
    LentKey& operator=(LentKey const&) = delete;
    bool is_good() const { return is_good_; }

private:
    EC_KEY* key_;
    bool is_good_;
};

} // namespace

int mbedtls_ecdsa_sign(mbedtls_ecp_group* grp, mbedtls_mpi* r, mbedtls_mpi* s, mbedtls_mpi const* d,
    unsigned char const* buf, size_t blen, int (*)(void*, unsigned char*, size_t), void*)
{
    auto* const key = key_object(grp->id);
    auto const number = number_of(*d);
    if (key == nullptr || number == nullptr)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    LentKey const lent(key, number.get());
    Signature const signature(
        lent.is_good() ? ECDSA_do_sign(buf, static_cast<int>(blen), key) : nullptr);
    bool const is_signed = signature != nullptr
                           && copy_number(*r, ECDSA_SIG_get0_r(signature.get()))
                           && copy_number(*s, ECDSA_SIG_get0_s(signature.get()));
    return succeeded(is_signed) ? 0 : MBEDTLS_ERR_ECP_INVALID_KEY;
}

int mbedtls_ecdsa_verify(mbedtls_ecp_group* grp, unsigned char const* buf, size_t blen,
    mbedtls_ecp_point const* Q, mbedtls_mpi const* r, mbedtls_mpi const* s)
{
    auto* const key = key_object(grp->id);
    if (key == nullptr)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    auto const point = point_of(EC_KEY_get0_group(key), *Q);
    auto first = number_of(*r);
    auto second = number_of(*s);
    Signature const signature(ECDSA_SIG_new());
    bool is_good = point != nullptr && first != nullptr && second != nullptr && signature != nullptr
                   && EC_KEY_set_public_key(key, point.get()) == 1
                   && ECDSA_SIG_set0(signature.get(), first.get(), second.get()) == 1;
    if (is_good) {
        static_cast<void>(first.release()); // the signature owns them now
        static_cast<void>(second.release());
        is_good = ECDSA_do_verify(buf, static_cast<int>(blen), signature.get(), key) == 1;
    }
    return succeeded(is_good) ? 0 : MBEDTLS_ERR_ECP_VERIFY_FAILED;
}
