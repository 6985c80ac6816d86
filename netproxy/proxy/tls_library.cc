// What every user of mbedTLS here needs: random numbers, words for its error numbers, certificate
// times, and the settings that both sides share. Not: sessions and certificates.
#include "netproxy/proxy/tls_library.h"

#include "netproxy/crypto/start.h"

#include <psa/crypto.h>

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace osh::netproxy::proxy
{
namespace
{

struct ErrorWords {
    int code;
    std::string_view words;
};

constexpr std::array<ErrorWords, 17> kErrorWords{{
    {MBEDTLS_ERR_SSL_CONN_EOF, "the connection ended without TLS close_notify"},
    {MBEDTLS_ERR_SSL_INVALID_MAC, "a TLS record failed its integrity check"},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, "the other side did not send a TLS record"},
    {MBEDTLS_ERR_SSL_DECODE_ERROR, "a TLS message is malformed"},
    {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, "a TLS extension was not acceptable"},
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, "the two sides share no ALPN protocol"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "a TLS message came at the wrong time"},
    {MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME, "the TLS handshake names another host than the connection"},
    {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, "a certificate is malformed or missing"},
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, "out of memory"},
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, "the two sides share no TLS version (1.2 or 1.3)"},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, "the two sides share no cipher suite, group or signature"},
    {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, "a TLS message holds an illegal value"},
    {MBEDTLS_ERR_SSL_COUNTER_WRAPPING, "too many records in one TLS session"},
    {MBEDTLS_ERR_SSL_INTERNAL_ERROR, "TLS library: internal error"},
    {MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, "the certificate could not be verified"},
    {MBEDTLS_ERR_X509_FATAL_ERROR, "the certificate check itself failed"},
}};

// In the order we like: what is fastest here first (docs/netproxy.md). TLS 1.2 only with forward
// secrecy and an AEAD. In TLS 1.3 a server goes by the client's order, so every suite is there.
constexpr std::array kServerSuites = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    0,
};
constexpr std::array kClientSuites = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};
constexpr std::array<std::uint16_t, 4> kGroups = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

} // namespace

Result<std::unique_ptr<TlsRandom>> TlsRandom::create()
{
    // TLS 1.3 goes through PSA, whose generator is the library's own; it is seeded here as well.
    if (!crypto::start() || psa_crypto_init() != PSA_SUCCESS)
        return fail(Errc::System, "cannot start the TLS library's random numbers");
    std::unique_ptr<TlsRandom> random(new TlsRandom);
    int const code = mbedtls_ctr_drbg_seed(
        random->generator_.get(), mbedtls_entropy_func, random->entropy_.get(), nullptr, 0);
    if (code != 0)
        return fail_tls("cannot seed the random number generator", code);
    return random;
}

int TlsRandom::fill(unsigned char* out, std::size_t count)
{
    return mbedtls_ctr_drbg_random(generator_.get(), out, count);
}

int TlsRandom::callback(void* random, unsigned char* out, std::size_t count)
{
    return static_cast<TlsRandom*>(random)->fill(out, count);
}

std::string tls_error_words(int code)
{
    for (auto const& entry : kErrorWords) {
        if (entry.code == code)
            return std::string(entry.words);
    }
    return fmt::format("TLS library error -0x{:04x}", static_cast<unsigned>(-code));
}

std::unexpected<Error> fail_tls(std::string_view what, int code)
{
    return fail(Errc::System, fmt::format("{}: {}", what, tls_error_words(code)));
}

CertificateTime certificate_time(WallTime time)
{
    using namespace std::chrono;
    auto const point = sys_time<milliseconds>(milliseconds(time.milliseconds));
    auto const midnight = floor<days>(point);
    year_month_day const date(midnight);
    hh_mm_ss const clock(floor<seconds>(point - midnight));
    return {int(date.year()), int(unsigned(date.month())), int(unsigned(date.day())),
        int(clock.hours().count()), int(clock.minutes().count()), int(clock.seconds().count())};
}

CertificateTime certificate_time(mbedtls_x509_time const& time)
{
    return {time.year, time.mon, time.day, time.hour, time.min, time.sec};
}

Result<> TlsSettings::set_up(int endpoint, HttpVersions offered)
{
    LET(random, TlsRandom::create());
    random_ = std::move(random);
    auto* const config = config_.get();
    int code = mbedtls_ssl_config_defaults(
        config, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (code != 0)
        return fail_tls("cannot set up TLS", code);
    mbedtls_ssl_conf_rng(config, TlsRandom::callback, random_.get());
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_3);
    bool const is_server = endpoint == MBEDTLS_SSL_IS_SERVER;
    mbedtls_ssl_conf_ciphersuites(config, is_server ? kServerSuites.data() : kClientSuites.data());
    mbedtls_ssl_conf_groups(config, kGroups.data());
    // Never a resumption without a fresh key exchange: a stolen ticket key must not open old
    // traffic.
    mbedtls_ssl_conf_tls13_key_exchange_modes(
        config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL
                    | MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL);
    protocols_ = offered == HttpVersions::Both
                     ? std::array<char const*, 3>{"h2", "http/1.1", nullptr}
                     : std::array<char const*, 3>{"http/1.1", nullptr, nullptr};
    code = mbedtls_ssl_conf_alpn_protocols(config, protocols_.data());
    if (code != 0)
        return fail_tls("cannot set up ALPN", code);
    return {};
}

} // namespace osh::netproxy::proxy
