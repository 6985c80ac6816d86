#pragma once
// OpenSSL's libcrypto (3.0 or newer, crypto(7)) as this folder uses it: the only header that
// includes it. Started once, before the system call filter: no configuration file, no engine, no
// exit handler; algorithms looked up and random numbers drawn once, so that later calls need
// memory and getrandom(2) only.

#define OPENSSL_API_COMPAT                                                                         \
    0x10100000L // ECDSA_do_sign(3) on a key kept at hand: EVP costs a decode
                // of the key per signature
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

namespace osh::netproxy::crypto
{

// Hooks of a C library carry no context, so what they share is one object of the process, made at
// the first call of started() and left to the end of the process.
struct Libcrypto {
    EVP_CIPHER* aes_128_gcm = nullptr;
    EVP_CIPHER* aes_192_gcm = nullptr;
    EVP_CIPHER* aes_256_gcm = nullptr;
    EVP_CIPHER* chacha20_poly1305 = nullptr;
    BN_CTX* numbers = nullptr; // scratch space
    EC_KEY* p256 = nullptr;    // with the group; a key is put in for one operation
    EC_KEY* p384 = nullptr;
    EC_KEY* p521 = nullptr;

    static Libcrypto const* started(); // nullptr when it could not start

private:
    bool start();
};

// Forgets the library's error queue after a failure (ERR_get_error(3)): nobody reads it.
bool succeeded(bool is_good);

} // namespace osh::netproxy::crypto
