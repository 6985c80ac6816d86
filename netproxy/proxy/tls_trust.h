#pragma once
// What makes an upstream's certificate good: the host's trust anchors, its time, its name. And the
// words when it is not. Not: sessions.

#include "netproxy/proxy/tls_library.h"

namespace osh::netproxy::proxy
{

// Checks what the library leaves open, at a time that is handed in: validity by our clock, an
// address against the subjectAltName, no name without subjectAltName (RFC 9525 section 6.3).
struct CertificateCheck {
    std::string name;
    CertificateTime now;
    bool is_address = false;
    CertificateTime good_until{9999, 12, 31, 23, 59, 59}; // earliest end in the chain
    std::string end_of_expired;
    std::string subject_names; // of the leaf, for the message

    // The library's verify callback; `check` is a CertificateCheck.
    static int callback(
        void* check, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);
};

// A sentence for the flags of a failed verification.
std::string verification_words(CertificateCheck const& check, std::uint32_t flags);

// Reads every certificate of a PEM bundle; those it cannot read are skipped (a host's bundle may
// hold kinds we do not know), but none at all is an error.
Result<> read_anchors(HeldCertificate& anchors, std::string_view pem);

} // namespace osh::netproxy::proxy
