// Certificates by RFC 5280, shaped so that the strictest verifiers take them (OpenSSL's
// X509_V_FLAG_X509_STRICT as Python sets it, webpki, Go): key identifiers on both, critical basic
// constraints and key usage, names in subjectAltName only.
#include "netproxy/proxy/tls_authority.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kMaxCertificate = 4096;
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kMaxCommonName = 64; // RFC 5280 upper bound ub-common-name
constexpr std::size_t kMaxHostName = 253;

using HeldWriter =
    Held<mbedtls_x509write_cert, mbedtls_x509write_crt_init, mbedtls_x509write_crt_free>;

std::string validity_text(WallTime time)
{
    auto const t = certificate_time(time);
    return fmt::format(
        "{:04}{:02}{:02}{:02}{:02}{:02}", t.year, t.month, t.day, t.hour, t.minute, t.second);
}

WallTime later(WallTime time, std::chrono::milliseconds by)
{
    return {time.milliseconds + by.count()};
}

// A distinguished name holds only what needs no escaping there.
std::string plain_words(std::string_view text)
{
    std::string out;
    for (char const c : text.substr(0, 32)) {
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                              || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        out.push_back(is_plain ? c : '_');
    }
    return out;
}

Result<> make_key(HeldKey& key, TlsRandom& random)
{
    int code = mbedtls_pk_setup(key.get(), mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (code == 0) {
        auto* const pair = mbedtls_pk_ec(*key.get());
        code = mbedtls_ecp_group_load(&pair->MBEDTLS_PRIVATE(grp), MBEDTLS_ECP_DP_SECP256R1);
        if (code == 0) // ECDH's key maker: mbedtls_ecp_gen_key() is always stock code
            code = mbedtls_ecdh_gen_public(&pair->MBEDTLS_PRIVATE(grp), &pair->MBEDTLS_PRIVATE(d),
                &pair->MBEDTLS_PRIVATE(Q), TlsRandom::callback, &random);
    }
    if (code != 0)
        return fail_tls("cannot make a P-256 key", code);
    return {};
}

struct Names {
    std::string subject;
    std::string issuer;
};

// The parts that CA and leaf have in common. `from` is back-dated here.
int begin_certificate(
    mbedtls_x509write_cert& writer, Names const& names, std::pair<WallTime, WallTime> validity)
{
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    int code = mbedtls_x509write_crt_set_subject_name(&writer, names.subject.c_str());
    if (code == 0)
        code = mbedtls_x509write_crt_set_issuer_name(&writer, names.issuer.c_str());
    if (code != 0)
        return code;
    auto const from = validity_text(later(validity.first, -kBackdating));
    auto const to = validity_text(validity.second);
    return mbedtls_x509write_crt_set_validity(&writer, from.c_str(), to.c_str());
}

int set_random_serial(mbedtls_x509write_cert& writer, TlsRandom& random)
{
    std::array<unsigned char, kSerialBytes> serial{};
    int const code = random.fill(serial.data(), serial.size());
    if (code != 0)
        return code;
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40); // positive, full length
    return mbedtls_x509write_crt_set_serial_raw(&writer, serial.data(), serial.size());
}

int set_server_use(mbedtls_x509write_cert& writer)
{
    mbedtls_asn1_sequence usage{};
    usage.buf.tag = MBEDTLS_ASN1_OID;
    static constexpr std::string_view kServerAuth = MBEDTLS_OID_SERVER_AUTH;
    std::array<unsigned char, kServerAuth.size()> oid{};
    std::copy(kServerAuth.begin(), kServerAuth.end(), oid.begin());
    usage.buf.p = oid.data();
    usage.buf.len = oid.size();
    return mbedtls_x509write_crt_set_ext_key_usage(&writer, &usage);
}

int set_alternative_name(mbedtls_x509write_cert& writer, std::string_view name)
{
    mbedtls_x509_san_list list{};
    std::vector<unsigned char> bytes(name.begin(), name.end());
    list.node.type = MBEDTLS_X509_SAN_DNS_NAME;
    if (auto const address = IpAddress::parse(name)) {
        auto const& all = address->bytes();
        bytes.assign(all.begin() + (address->is_v4() ? 12 : 0), all.end());
        list.node.type = MBEDTLS_X509_SAN_IP_ADDRESS;
    }
    list.node.san.unstructured_name.p = bytes.data();
    list.node.san.unstructured_name.len = bytes.size();
    return mbedtls_x509write_crt_set_subject_alternative_name(&writer, &list);
}

// The writer fills its buffer from the end.
Result<std::string> written_der(mbedtls_x509write_cert& writer, TlsRandom& random)
{
    std::array<unsigned char, kMaxCertificate> buffer{};
    int const size = mbedtls_x509write_crt_der(
        &writer, buffer.data(), buffer.size(), TlsRandom::callback, &random);
    if (size < 0)
        return fail_tls("cannot sign a certificate", size);
    return std::string(buffer.end() - size, buffer.end());
}

Result<std::string> pem_of(std::string_view der)
{
    std::array<unsigned char, 2 * kMaxCertificate> text{};
    std::size_t size = 0;
    int const code =
        mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
            raw(bytes_of(der)), der.size(), text.data(), text.size(), &size);
    if (code != 0)
        return fail_tls("cannot write the CA certificate", code);
    return std::string(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size - 1));
}

bool is_name(std::string_view name)
{
    auto const is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    if (IpAddress::parse(name))
        return true;
    return !name.empty() && name.size() <= kMaxHostName
           && std::all_of(name.begin(), name.end(), is_fine);
}

} // namespace

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::create(
    std::string_view session, WallTime now, TlsRandom& random)
{
    std::unique_ptr<CertificateAuthority> authority(new CertificateAuthority(random));
    TRY(make_key(authority->ca_key_, random));
    TRY(make_key(authority->leaf_key_, random));
    TRY(authority->make_ca(session, now));
    return authority;
}

Result<> CertificateAuthority::make_ca(std::string_view session, WallTime now)
{
    ca_subject_ = fmt::format("CN=osh session {},O=osh", plain_words(session));
    ca_good_until_ = later(now, kCaLifetime);
    HeldWriter writer;
    mbedtls_x509write_crt_set_subject_key(writer.get(), ca_key_.get());
    mbedtls_x509write_crt_set_issuer_key(writer.get(), ca_key_.get());
    int code = begin_certificate(*writer.get(), {ca_subject_, ca_subject_}, {now, ca_good_until_});
    if (code == 0)
        code = set_random_serial(*writer.get(), random_);
    if (code == 0)
        code = mbedtls_x509write_crt_set_basic_constraints(writer.get(), 1, 0);
    if (code == 0)
        code = mbedtls_x509write_crt_set_key_usage(writer.get(), MBEDTLS_X509_KU_KEY_CERT_SIGN);
    if (code == 0)
        code = set_server_use(*writer.get());
    if (code == 0)
        code = mbedtls_x509write_crt_set_subject_key_identifier(writer.get());
    if (code == 0)
        code = mbedtls_x509write_crt_set_authority_key_identifier(writer.get());
    if (code != 0)
        return fail_tls("cannot make the session's CA certificate", code);
    LET(der, written_der(*writer.get(), random_));
    LET(pem, pem_of(der));
    ca_pem_ = std::move(pem);
    return {};
}

Result<std::string> CertificateAuthority::mint(std::string_view name, WallTime now)
{
    auto const common = name.size() <= kMaxCommonName ? name : name.substr(0, kMaxCommonName);
    HeldWriter writer;
    mbedtls_x509write_crt_set_subject_key(writer.get(), leaf_key_.get());
    mbedtls_x509write_crt_set_issuer_key(writer.get(), ca_key_.get());
    auto const until = std::min(later(now, kLeafLifetime), ca_good_until_);
    int code = begin_certificate(
        *writer.get(), {fmt::format("CN={},O=osh", common), ca_subject_}, {now, until});
    if (code == 0)
        code = set_random_serial(*writer.get(), random_);
    if (code == 0)
        code = mbedtls_x509write_crt_set_basic_constraints(writer.get(), 0, -1);
    if (code == 0)
        code = mbedtls_x509write_crt_set_key_usage(writer.get(), MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (code == 0)
        code = set_server_use(*writer.get());
    if (code == 0)
        code = set_alternative_name(*writer.get(), name);
    if (code == 0)
        code = mbedtls_x509write_crt_set_subject_key_identifier(writer.get());
    if (code == 0)
        code = mbedtls_x509write_crt_set_authority_key_identifier(writer.get());
    if (code != 0)
        return fail_tls("cannot make a certificate", code);
    return written_der(*writer.get(), random_);
}

Result<LeafCertificate> CertificateAuthority::leaf(std::string_view name, WallTime now)
{
    auto const found = leaves_.find(name);
    if (found != leaves_.end() && now < found->second.good_until)
        return LeafCertificate{found->second.certificate.get(), nullptr};
    if (!is_name(name))
        return fail(Errc::Invalid, fmt::format("no certificate for {}", in_quotes(name)));
    LET(der, mint(name, now));
    auto certificate = std::make_unique<HeldCertificate>();
    int const code = mbedtls_x509_crt_parse_der(certificate->get(), raw(bytes_of(der)), der.size());
    if (code != 0)
        return fail_tls("cannot read back a certificate", code);
    auto* const pointer = certificate.get();
    // Renewed an hour early, so that no session starts with a certificate about to end.
    auto const good_until = later(now, kLeafLifetime - std::chrono::hours(1));
    if (found != leaves_.end()) {
        std::erase_if(
            retired_, [now](Retired const& one) { return later(one.since, kRetiredFor) < now; });
        retired_.push_back({std::exchange(found->second.certificate, std::move(certificate)), now});
        found->second.good_until = good_until;
    } else if (leaves_.size() < kMaxLeaves) {
        leaves_.emplace(std::string(name), Leaf{std::move(certificate), good_until});
    }
    return LeafCertificate{pointer, std::move(certificate)};
}

} // namespace osh::netproxy::proxy
