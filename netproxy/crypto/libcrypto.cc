// libcrypto's start. Should: open no file (OPENSSL_init_crypto(3)). Mustn't: run after the system
// call filter for the first time.
#include "netproxy/crypto/libcrypto.h"

#include "netproxy/crypto/start.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <utility>

namespace osh::netproxy::crypto
{
namespace
{

// Without the table of all legacy names: what is used here is fetched by its provider's name.
constexpr std::uint64_t kHow = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT
                               | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS
                               | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS;

// Draws from both generators, which seeds them, and makes an X25519 key, which loads its code.
bool warm_up()
{
    std::array<unsigned char, 32> seed{};
    bool const is_random =
        RAND_bytes(seed.data(), seed.size()) == 1 && RAND_priv_bytes(seed.data(), seed.size()) == 1;
    EVP_PKEY* const key =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, seed.data(), seed.size());
    EVP_PKEY_free(key);
    OPENSSL_cleanse(seed.data(), seed.size());
    return is_random && key != nullptr;
}

} // namespace

bool Libcrypto::start()
{
    if (OPENSSL_init_crypto(kHow, nullptr) != 1)
        return false;
    aes_128_gcm = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
    aes_192_gcm = EVP_CIPHER_fetch(nullptr, "AES-192-GCM", nullptr);
    aes_256_gcm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    chacha20_poly1305 = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
    numbers = BN_CTX_new();
    p256 = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    p384 = EC_KEY_new_by_curve_name(NID_secp384r1);
    p521 = EC_KEY_new_by_curve_name(NID_secp521r1);
    bool const is_whole = aes_128_gcm != nullptr && aes_192_gcm != nullptr && aes_256_gcm != nullptr
                          && chacha20_poly1305 != nullptr && numbers != nullptr && p256 != nullptr
                          && p384 != nullptr && p521 != nullptr;
    return is_whole && warm_up();
}

Libcrypto const* Libcrypto::started()
{
    static auto const library = [] {
        auto one = Libcrypto{};
        bool const is_good = one.start();
        return std::pair{one, succeeded(is_good)};
    }();
    return library.second ? &library.first : nullptr;
}

bool succeeded(bool is_good)
{
    if (!is_good)
        ERR_clear_error();
    return is_good;
}

bool start()
{
    return Libcrypto::started() != nullptr;
}

} // namespace osh::netproxy::crypto
