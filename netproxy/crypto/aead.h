#pragma once
// One key of an AEAD cipher in libcrypto (EVP_EncryptInit(3), AES-GCM of NIST SP 800-38D,
// ChaCha20-Poly1305 of RFC 8439): what stands behind mbedTLS's gcm_alt.h and chachapoly_alt.h. The
// key schedule is made once per key, not per record. Not: an AEAD for callers other than those
// hooks.

#include "policy/base/bytes.h"

#include <cstddef>
#include <memory>

using EvpContext = struct evp_cipher_ctx_st;

namespace osh::netproxy::crypto
{

enum class Direction { Encrypt, Decrypt };
enum class AeadCipher { Aes128Gcm, Aes192Gcm, Aes256Gcm, ChaCha20Poly1305 };

// libcrypto's bound on the nonce; TLS uses 12 bytes.
inline constexpr std::size_t kMaxNonce = 128;

struct FreeEvpContext {
    void operator()(EvpContext* context) const; // wipes the key schedule
};

} // namespace osh::netproxy::crypto

// In C's namespace because the hooks' headers name it.
struct osh_aead {
    using Bytes = osh::Bytes;
    using MutableBytes = osh::MutableBytes;
    using Direction = osh::netproxy::crypto::Direction;
    using AeadCipher = osh::netproxy::crypto::AeadCipher;

    // nullptr when libcrypto does not take the key (its length is the cipher's).
    static osh_aead* create(AeadCipher cipher, Bytes key);

    // A message in pieces, of any lengths. start() forgets an unfinished one. False: misuse, or
    // more than the cipher may encrypt under one nonce.
    bool start(Direction direction, Bytes nonce);
    bool add(Bytes associated); // before the first update()
    // Writes as many bytes as it reads; `out` may be `in`.
    bool update(Bytes in, std::byte* out);
    bool finish(MutableBytes tag); // 4 to 16 bytes; the tag that belongs to what was given

    // A whole message at once. open() wipes `out` and is false where the tag is wrong.
    struct Message {
        Bytes nonce, associated, in;
        std::byte* out;
    };
    bool seal(Message const& message, MutableBytes tag);
    bool open(Message const& message, Bytes tag);

private:
    using Context = std::unique_ptr<EvpContext, osh::netproxy::crypto::FreeEvpContext>;
    enum class Stage { Idle, Associated, Text };

    bool begin(Direction direction, Bytes nonce);

    Context main_;
    // What libcrypto does not tell while it decrypts is the tag: the text is encrypted again here.
    // Only for messages in pieces; TLS records come whole.
    Context again_;
    std::size_t nonce_size_ = 0;
    Direction direction_ = Direction::Encrypt;
    Stage stage_ = Stage::Idle;
};
