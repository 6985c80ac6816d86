#pragma once
// The session's certificate authority: one P-256 CA key, one P-256 leaf key, leaf certificates per
// name. Keys never leave it. Pure given time; randomness comes from TlsRandom. Not: TLS sessions.

#include "netproxy/proxy/tls_library.h"

#include <map>
#include <vector>

namespace osh::netproxy::proxy
{

inline constexpr std::size_t kMaxLeaves = 1000;
// A program reads its trust store once and may run as long as the session, so renewal would not
// reach it: the authority outlasts any session, its key does not (it ends with the process).
inline constexpr auto kCaLifetime = std::chrono::hours(24 * 365);
inline constexpr auto kLeafLifetime = std::chrono::hours(12);
inline constexpr auto kRetiredFor = std::chrono::hours(1);   // no handshake takes a minute
inline constexpr auto kBackdating = std::chrono::minutes(5); // clocks differ a little

// Points into the cache, which keeps what it took as long as the authority lives; owned by its user
// when the cache was full.
struct LeafCertificate {
    HeldCertificate* certificate = nullptr;
    std::unique_ptr<HeldCertificate> owned;
};

class CertificateAuthority
{
public:
    static Result<std::unique_ptr<CertificateAuthority>> create(
        std::string_view session, WallTime now, TlsRandom& random);

    std::string const& ca_pem() const { return ca_pem_; }
    // The certificate for a DNS name or an address in text, minted if it is not in the cache.
    Result<LeafCertificate> leaf(std::string_view name, WallTime now);
    HeldKey& leaf_key() { return leaf_key_; }
    std::size_t leaf_count() const { return leaves_.size(); }

private:
    explicit CertificateAuthority(TlsRandom& random) : random_(random) {}

    struct Leaf {
        std::unique_ptr<HeldCertificate> certificate;
        WallTime good_until;
    };
    Result<> make_ca(std::string_view session, WallTime now);
    Result<std::string> mint(std::string_view name, WallTime now);

    TlsRandom& random_;
    HeldKey ca_key_;
    HeldKey leaf_key_;
    std::string ca_subject_;
    std::string ca_pem_;
    WallTime ca_good_until_;
    std::map<std::string, Leaf, std::less<>> leaves_;
    // Renewed certificates that a handshake may still point to, for kRetiredFor.
    struct Retired {
        std::unique_ptr<HeldCertificate> certificate;
        WallTime since;
    };
    std::vector<Retired> retired_;
};

} // namespace osh::netproxy::proxy
