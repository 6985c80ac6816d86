// mbedtls/chachapoly.h over libcrypto (MBEDTLS_CHACHAPOLY_ALT): the functions that header declares,
// with its results.
#include "netproxy/crypto/aead.h"
#include "netproxy/crypto/hooks.h"

#include <mbedtls/chachapoly.h>

using namespace osh::netproxy::crypto; // the functions are C's, their helpers ours

namespace
{

constexpr std::size_t kKey = 32, kNonce = 12, kTag = 16; // RFC 8439 section 2.8

int code(bool is_good)
{
    return is_good ? 0 : MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
}

} // namespace

void mbedtls_chachapoly_init(mbedtls_chachapoly_context* ctx)
{
    ctx->aead = nullptr;
}

void mbedtls_chachapoly_free(mbedtls_chachapoly_context* ctx)
{
    if (ctx == nullptr)
        return;
    delete ctx->aead;
    ctx->aead = nullptr;
}

int mbedtls_chachapoly_setkey(mbedtls_chachapoly_context* ctx, unsigned char const key[32])
{
    mbedtls_chachapoly_free(ctx);
    ctx->aead = osh_aead::create(AeadCipher::ChaCha20Poly1305, bytes_in(key, kKey));
    return code(ctx->aead != nullptr);
}

int mbedtls_chachapoly_starts(
    mbedtls_chachapoly_context* ctx, unsigned char const nonce[12], mbedtls_chachapoly_mode_t mode)
{
    auto const direction =
        mode == MBEDTLS_CHACHAPOLY_ENCRYPT ? Direction::Encrypt : Direction::Decrypt;
    return code(ctx->aead != nullptr && ctx->aead->start(direction, bytes_in(nonce, kNonce)));
}

int mbedtls_chachapoly_update_aad(
    mbedtls_chachapoly_context* ctx, unsigned char const* aad, size_t aad_len)
{
    return code(ctx->aead != nullptr && ctx->aead->add(bytes_in(aad, aad_len)));
}

int mbedtls_chachapoly_update(
    mbedtls_chachapoly_context* ctx, size_t len, unsigned char const* input, unsigned char* output)
{
    return code(ctx->aead != nullptr && ctx->aead->update(bytes_in(input, len), bytes_out(output)));
}

int mbedtls_chachapoly_finish(mbedtls_chachapoly_context* ctx, unsigned char mac[16])
{
    return code(ctx->aead != nullptr && ctx->aead->finish({bytes_out(mac), kTag}));
}

int mbedtls_chachapoly_encrypt_and_tag(mbedtls_chachapoly_context* ctx, size_t length,
    unsigned char const nonce[12], unsigned char const* aad, size_t aad_len,
    unsigned char const* input, unsigned char* output, unsigned char tag[16])
{
    return code(ctx->aead != nullptr
                && ctx->aead->seal({bytes_in(nonce, kNonce), bytes_in(aad, aad_len),
                                       bytes_in(input, length), bytes_out(output)},
                    {bytes_out(tag), kTag}));
}

int mbedtls_chachapoly_auth_decrypt(mbedtls_chachapoly_context* ctx, size_t length,
    unsigned char const nonce[12], unsigned char const* aad, size_t aad_len,
    unsigned char const tag[16], unsigned char const* input, unsigned char* output)
{
    if (ctx->aead == nullptr)
        return MBEDTLS_ERR_CHACHAPOLY_BAD_STATE;
    bool const is_genuine = ctx->aead->open({bytes_in(nonce, kNonce), bytes_in(aad, aad_len),
                                                bytes_in(input, length), bytes_out(output)},
        bytes_in(tag, kTag));
    return is_genuine ? 0 : MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED;
}
