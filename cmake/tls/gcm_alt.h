/* The context of mbedTLS's AES-GCM when libcrypto does its blocks (MBEDTLS_GCM_ALT): a pointer to
 * netproxy/crypto/aead.h's object, made by setkey. Included by mbedtls/gcm.h, in C and in C++.
 */
#ifndef OSH_GCM_ALT_H
#define OSH_GCM_ALT_H

typedef struct mbedtls_gcm_context {
    struct osh_aead* aead;
} mbedtls_gcm_context;

#endif
