/* The context of mbedTLS's ChaCha20-Poly1305 when libcrypto does its blocks
 * (MBEDTLS_CHACHAPOLY_ALT); see gcm_alt.h.
 */
#ifndef OSH_CHACHAPOLY_ALT_H
#define OSH_CHACHAPOLY_ALT_H

typedef struct mbedtls_chachapoly_context {
    struct osh_aead* aead;
} mbedtls_chachapoly_context;

#endif
