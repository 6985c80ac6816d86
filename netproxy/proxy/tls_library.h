#pragma once
// The one header that includes mbedTLS, for the tls_*.cc files of this folder only (the engine
// would not fit the budget of one file). Its objects are C structs with init and free: Held<> pairs
// them. Not an abstraction over TLS libraries.

#include "netproxy/proxy/tls.h"

#include "policy/base/bytes.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace osh::netproxy::proxy
{

// A library object that is set up at birth, freed (which also wipes keys) at death, and never
// moves.
template<typename T, void (*Init)(T*), void (*Free)(T*)>
class Held
{
public:
    Held() { Init(&object_); }
    ~Held() { Free(&object_); }
    Held(Held const&) = delete;
    Held& operator=(Held const&) = delete;

    T* get() { return &object_; }
    T const* get() const { return &object_; }
    T* operator->() { return &object_; }
    T const* operator->() const { return &object_; }

private:
    T object_;
};

using HeldCertificate = Held<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using HeldKey = Held<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using HeldConfig = Held<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free>;
using HeldSsl = Held<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free>;
using HeldSavedSession =
    Held<mbedtls_ssl_session, mbedtls_ssl_session_init, mbedtls_ssl_session_free>;
using HeldTickets =
    Held<mbedtls_ssl_ticket_context, mbedtls_ssl_ticket_init, mbedtls_ssl_ticket_free>;

inline unsigned char const* raw(Bytes bytes)
{
    return static_cast<unsigned char const*>(static_cast<void const*>(bytes.data()));
}

inline unsigned char* raw(MutableBytes bytes)
{
    return static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
}

// CTR_DRBG seeded by the library's entropy pool, which asks getrandom(2) and opens no file.
class TlsRandom
{
public:
    static Result<std::unique_ptr<TlsRandom>> create();
    int fill(unsigned char* out, std::size_t count);
    // What the library takes as (f_rng, p_rng).
    static int callback(void* random, unsigned char* out, std::size_t count);

private:
    TlsRandom() = default;
    Held<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy_;
    Held<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> generator_;
};

// "<what>: <the library's number in words or hex>".
std::unexpected<Error> fail_tls(std::string_view what, int code);
std::string tls_error_words(int code);

// UTC calendar time of a certificate, comparable.
struct CertificateTime {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    friend auto operator<=>(CertificateTime const&, CertificateTime const&) = default;
};
CertificateTime certificate_time(WallTime time);
CertificateTime certificate_time(mbedtls_x509_time const& time);

// A configuration with what both sides have in common: versions, suites, groups, ALPN, random
// numbers.
class TlsSettings
{
public:
    Result<> set_up(int endpoint, HttpVersions offered);
    mbedtls_ssl_config* get() { return config_.get(); }
    TlsRandom& random() { return *random_; }

private:
    std::unique_ptr<TlsRandom> random_;
    std::array<char const*, 3> protocols_{}; // the library keeps a pointer
    HeldConfig config_;
};

} // namespace osh::netproxy::proxy
