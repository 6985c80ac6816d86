// One block of SHA-256 and of SHA-512 (FIPS 180-4) by libcrypto, which uses the processor's
// instructions for it (MBEDTLS_SHA256_PROCESS_ALT, MBEDTLS_SHA512_PROCESS_ALT). The key schedule of
// TLS is made of such blocks.
#include "netproxy/crypto/libcrypto.h"

#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

#include <algorithm>

int mbedtls_internal_sha256_process(mbedtls_sha256_context* ctx, unsigned char const data[64])
{
    SHA256_CTX block{};
    std::copy_n(ctx->MBEDTLS_PRIVATE(state), 8, block.h);
    SHA256_Transform(&block, data);
    std::copy_n(block.h, 8, ctx->MBEDTLS_PRIVATE(state));
    OPENSSL_cleanse(block.h, sizeof block.h); // of a key, perhaps
    return 0;
}

int mbedtls_internal_sha512_process(mbedtls_sha512_context* ctx, unsigned char const data[128])
{
    SHA512_CTX block{};
    std::copy_n(ctx->MBEDTLS_PRIVATE(state), 8, block.h);
    SHA512_Transform(&block, data);
    std::copy_n(block.h, 8, ctx->MBEDTLS_PRIVATE(state));
    OPENSSL_cleanse(block.h, sizeof block.h);
    return 0;
}
