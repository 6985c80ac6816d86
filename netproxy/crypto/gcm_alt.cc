// mbedtls/gcm.h over libcrypto (MBEDTLS_GCM_ALT): the functions that header declares, with its
// results. One difference: a nonce of more than 128 bytes is bad input; TLS uses 12.
#include "netproxy/crypto/aead.h"
#include "netproxy/crypto/hooks.h"

#include <mbedtls/gcm.h>
#include <mbedtls/platform_util.h>

#include <optional>

using namespace osh::netproxy::crypto; // the functions are C's, their helpers ours

namespace
{

// The most that one nonce may encrypt: 2^36 - 32 bytes (SP 800-38D section 5.2.1.1).
constexpr std::uint64_t kMaxText = (std::uint64_t{1} << 36) - 32;

std::optional<AeadCipher> cipher_of(mbedtls_cipher_id_t cipher, unsigned int key_bits)
{
    if (cipher != MBEDTLS_CIPHER_ID_AES)
        return std::nullopt;
    switch (key_bits) {
    case 128: return AeadCipher::Aes128Gcm;
    case 192: return AeadCipher::Aes192Gcm;
    case 256: return AeadCipher::Aes256Gcm;
    default: return std::nullopt;
    }
}

int code(bool is_good)
{
    return is_good ? 0 : MBEDTLS_ERR_GCM_BAD_INPUT;
}

} // namespace

void mbedtls_gcm_init(mbedtls_gcm_context* ctx)
{
    ctx->aead = nullptr;
}

void mbedtls_gcm_free(mbedtls_gcm_context* ctx)
{
    if (ctx == nullptr)
        return;
    delete ctx->aead;
    ctx->aead = nullptr;
}

int mbedtls_gcm_setkey(mbedtls_gcm_context* ctx, mbedtls_cipher_id_t cipher,
    unsigned char const* key, unsigned int keybits)
{
    auto const kind = cipher_of(cipher, keybits);
    if (!kind)
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    mbedtls_gcm_free(ctx);
    ctx->aead = osh_aead::create(*kind, bytes_in(key, keybits / 8));
    return code(ctx->aead != nullptr);
}

int mbedtls_gcm_starts(mbedtls_gcm_context* ctx, int mode, unsigned char const* iv, size_t iv_len)
{
    auto const direction = mode == MBEDTLS_GCM_ENCRYPT ? Direction::Encrypt : Direction::Decrypt;
    return code(ctx->aead != nullptr && ctx->aead->start(direction, bytes_in(iv, iv_len)));
}

int mbedtls_gcm_update_ad(mbedtls_gcm_context* ctx, unsigned char const* add, size_t add_len)
{
    return code(ctx->aead != nullptr && ctx->aead->add(bytes_in(add, add_len)));
}

int mbedtls_gcm_update(mbedtls_gcm_context* ctx, unsigned char const* input, size_t input_length,
    unsigned char* output, size_t output_size, size_t* output_length)
{
    if (output_size < input_length)
        return MBEDTLS_ERR_GCM_BUFFER_TOO_SMALL;
    *output_length = input_length;
    return code(ctx->aead != nullptr && input_length <= kMaxText
                && ctx->aead->update(bytes_in(input, input_length), bytes_out(output)));
}

// What is encrypted comes out of update at once, so nothing is left for `output`.
int mbedtls_gcm_finish(mbedtls_gcm_context* ctx, unsigned char*, size_t, size_t* output_length,
    unsigned char* tag, size_t tag_len)
{
    *output_length = 0;
    return code(ctx->aead != nullptr && ctx->aead->finish({bytes_out(tag), tag_len}));
}

int mbedtls_gcm_crypt_and_tag(mbedtls_gcm_context* ctx, int mode, size_t length,
    unsigned char const* iv, size_t iv_len, unsigned char const* add, size_t add_len,
    unsigned char const* input, unsigned char* output, size_t tag_len, unsigned char* tag)
{
    if (ctx->aead == nullptr || length > kMaxText)
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    osh_aead::Message const message{
        bytes_in(iv, iv_len), bytes_in(add, add_len), bytes_in(input, length), bytes_out(output)};
    osh_aead::MutableBytes const out(bytes_out(tag), tag_len);
    if (mode == MBEDTLS_GCM_ENCRYPT)
        return code(ctx->aead->seal(message, out));
    return code(ctx->aead->start(Direction::Decrypt, message.nonce)
                && ctx->aead->add(message.associated) && ctx->aead->update(message.in, message.out)
                && ctx->aead->finish(out));
}

int mbedtls_gcm_auth_decrypt(mbedtls_gcm_context* ctx, size_t length, unsigned char const* iv,
    size_t iv_len, unsigned char const* add, size_t add_len, unsigned char const* tag,
    size_t tag_len, unsigned char const* input, unsigned char* output)
{
    bool const is_usable = ctx->aead != nullptr && length <= kMaxText && iv_len > 0
                           && iv_len <= kMaxNonce && tag_len >= 4 && tag_len <= 16;
    if (!is_usable)
        return MBEDTLS_ERR_GCM_BAD_INPUT;
    bool const is_genuine = ctx->aead->open(
        {bytes_in(iv, iv_len), bytes_in(add, add_len), bytes_in(input, length), bytes_out(output)},
        bytes_in(tag, tag_len));
    return is_genuine ? 0 : MBEDTLS_ERR_GCM_AUTH_FAILED;
}
