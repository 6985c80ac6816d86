// Certificate verification beyond the library's (RFC 5280 section 6.1, RFC 9525).
#include "netproxy/proxy/tls_trust.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

#include <mbedtls/oid.h>

#include <fmt/format.h>

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kMaxNamesShown = 3;

std::string_view view_of(mbedtls_x509_buf const& buffer)
{
    return text_of(std::as_bytes(std::span(buffer.p, buffer.len)));
}

// Calls `visit(type, bytes)` for each entry of the subjectAltName.
template<typename Visit>
void for_each_name(mbedtls_x509_crt const& certificate, Visit&& visit)
{
    if (!mbedtls_x509_crt_has_ext_type(&certificate, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
        return;
    for (auto const* item = &certificate.subject_alt_names; item != nullptr; item = item->next)
        visit(item->buf.tag & 0x1f, view_of(item->buf));
}

bool has_address(mbedtls_x509_crt const& certificate, std::string_view address)
{
    auto const wanted = IpAddress::parse(address);
    if (!wanted)
        return false;
    auto const all = std::as_bytes(std::span(wanted->bytes()));
    auto const bytes = text_of(wanted->is_v4() ? all.subspan(12) : all);
    bool found = false;
    for_each_name(certificate, [&](int type, std::string_view name) {
        found = found || (type == MBEDTLS_X509_SAN_IP_ADDRESS && name == bytes);
    });
    return found;
}

std::string names_of(mbedtls_x509_crt const& certificate)
{
    std::string out;
    std::size_t count = 0;
    for_each_name(certificate, [&](int type, std::string_view name) {
        if (type != MBEDTLS_X509_SAN_DNS_NAME || ++count > kMaxNamesShown)
            return;
        out += fmt::format("{}{}", out.empty() ? "" : ", ", in_quotes(name, 80));
    });
    if (count > kMaxNamesShown)
        out += fmt::format(" and {} more", count - kMaxNamesShown);
    return out.empty() ? "no DNS name" : out;
}

std::string day_of(CertificateTime const& time)
{
    return fmt::format("{:04}-{:02}-{:02}", time.year, time.month, time.day);
}

void check_leaf(CertificateCheck& check, mbedtls_x509_crt const& leaf, std::uint32_t& flags)
{
    check.subject_names = names_of(leaf);
    bool const has_names = mbedtls_x509_crt_has_ext_type(&leaf, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME);
    if (!has_names || (check.is_address && !has_address(leaf, check.name)))
        flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

void check_time(CertificateCheck& check, mbedtls_x509_crt const& certificate, std::uint32_t& flags)
{
    auto const from = certificate_time(certificate.valid_from);
    auto const to = certificate_time(certificate.valid_to);
    flags &=
        ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    if (check.now > to) {
        flags |= MBEDTLS_X509_BADCERT_EXPIRED;
        check.end_of_expired = day_of(to);
    }
    if (check.now < from)
        flags |= MBEDTLS_X509_BADCERT_FUTURE;
    check.good_until = std::min(check.good_until, to);
}

} // namespace

int CertificateCheck::callback(
    void* opaque, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags)
{
    auto& check = *static_cast<CertificateCheck*>(opaque);
    check_time(check, *certificate, *flags);
    if (depth == 0)
        check_leaf(check, *certificate, *flags);
    return 0;
}

std::string verification_words(CertificateCheck const& check, std::uint32_t flags)
{
    auto const whose = fmt::format("the certificate of {}", shown(check.name));
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return fmt::format("{} expired on {}", whose, check.end_of_expired);
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return fmt::format("{} is not valid yet (is this machine's clock right?)", whose);
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return fmt::format("{} is for another host: it names {}", whose, check.subject_names);
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return fmt::format("{} is signed by an authority that this host does not trust", whose);
    if (flags
        & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK
            | MBEDTLS_X509_BADCERT_BAD_KEY))
        return fmt::format("{} uses a signature or key that is too weak", whose);
    if (flags & (MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE))
        return fmt::format("{} may not be used for a server", whose);
    return fmt::format("{} could not be verified (flags 0x{:x})", whose, flags);
}

Result<> read_anchors(HeldCertificate& anchors, std::string_view pem)
{
    std::string const text(pem); // the reader wants the terminating NUL counted
    int const skipped = mbedtls_x509_crt_parse(
        anchors.get(), raw(bytes_of({text.c_str(), text.size() + 1})), text.size() + 1);
    if (skipped < 0 || anchors->version == 0)
        return fail(Errc::Invalid, "the host's trust store holds no certificate that can be read");
    return {};
}

} // namespace osh::netproxy::proxy
