// The upstream's side of TLS: a client that verifies the chain and the name against the host's
// trust anchors, always, and resumes sessions per name and port. A failure is a sentence, never a
// bypass.
#include "netproxy/proxy/tls.h"
#include "netproxy/proxy/tls_engine.h"
#include "netproxy/proxy/tls_trust.h"

#include "credentials/secret.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

#include <fmt/format.h>
#include <mbedtls/base64.h>

#include <map>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kMaxSavedSessions = 256;
// A resumed session skips the certificate check; after this time the chain is looked at again.
constexpr std::int64_t kResumeFor = 2 * 60 * 60 * 1000;

struct Saved {
    std::unique_ptr<HeldSavedSession> session;
    WallTime verified;          // when the chain was checked
    CertificateTime good_until; // the earliest end in that chain
};

class SavedSessions
{
public:
    using Key = std::pair<std::string, std::uint16_t>;

    Saved const* find(Key const& key, WallTime now)
    {
        auto const found = saved_.find(key);
        if (found == saved_.end())
            return nullptr;
        auto const& saved = found->second;
        bool const is_fresh = now.milliseconds - saved.verified.milliseconds < kResumeFor
                              && certificate_time(now) < saved.good_until;
        if (is_fresh)
            return &saved;
        saved_.erase(found);
        return nullptr;
    }

    void keep(Key const& key, Saved saved)
    {
        if (saved_.size() >= kMaxSavedSessions && !saved_.contains(key))
            saved_.erase(saved_.begin());
        saved_.insert_or_assign(key, std::move(saved));
    }

    void forget(Key const& key) { saved_.erase(key); }

private:
    std::map<Key, Saved> saved_;
};

class UpstreamSession final : public MemoryTls
{
public:
    UpstreamSession(SavedSessions& sessions, SavedSessions::Key key, WallTime now)
        : sessions_(sessions), key_(std::move(key)), verified_(now)
    {
        check_.name = key_.first;
        check_.now = certificate_time(now);
        check_.is_address = IpAddress::parse(key_.first).has_value();
    }

    Result<> prepare(mbedtls_ssl_config const& config, WallTime now)
    {
        TRY(set_up(*this, config));
        // RFC 6066 section 3: an address is never sent as server_name; the check compares it.
        int const code =
            mbedtls_ssl_set_hostname(&ssl(), check_.is_address ? nullptr : check_.name.c_str());
        if (code != 0)
            return fail_tls("cannot set the upstream's name", code);
        mbedtls_ssl_set_verify(&ssl(), CertificateCheck::callback, &check_);
        auto const* saved = sessions_.find(key_, now);
        if (saved != nullptr && mbedtls_ssl_set_session(&ssl(), saved->session->get()) == 0) {
            verified_ = saved->verified;
            check_.good_until = saved->good_until;
        }
        start();
        return {};
    }

protected:
    void handshake_is_done() override
    {
        if (mbedtls_ssl_get_version_number(&ssl()) == MBEDTLS_SSL_VERSION_TLS1_2)
            keep_session();
    }
    void got_ticket() override { keep_session(); } // TLS 1.3 sends them after the handshake

    std::string explain_failure(int code) override
    {
        if (state() == TlsState::Handshake)
            sessions_.forget(key_); // the next attempt starts from nothing
        auto const flags = mbedtls_ssl_get_verify_result(&ssl());
        bool const is_certificate =
            code == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || code == MBEDTLS_ERR_X509_FATAL_ERROR;
        return is_certificate && flags != 0 && flags != UINT32_MAX
                   ? verification_words(check_, flags)
                   : std::string{};
    }

private:
    void keep_session()
    {
        auto session = std::make_unique<HeldSavedSession>();
        if (mbedtls_ssl_get_session(&ssl(), session->get()) == 0)
            sessions_.keep(key_, {std::move(session), verified_, check_.good_until});
    }

    SavedSessions& sessions_;
    SavedSessions::Key key_;
    WallTime verified_;
    CertificateCheck check_;
};

// ALPN belongs to the configuration, so there are two.
class ClientSettings
{
public:
    Result<> set_up()
    {
        TRY(only1_.set_up(MBEDTLS_SSL_IS_CLIENT, HttpVersions::Only1));
        TRY(both_.set_up(MBEDTLS_SSL_IS_CLIENT, HttpVersions::Both));
        for (auto* settings : {&only1_, &both_}) {
            mbedtls_ssl_conf_authmode(settings->get(), MBEDTLS_SSL_VERIFY_REQUIRED);
            mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
                settings->get(), MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
        }
        return {};
    }
    void trust(HeldCertificate& anchors)
    {
        for (auto* settings : {&only1_, &both_})
            mbedtls_ssl_conf_ca_chain(settings->get(), anchors.get(), nullptr);
    }
    Result<> show(HeldCertificate& certificate, HeldKey& key)
    {
        for (auto* settings : {&only1_, &both_})
            if (mbedtls_ssl_conf_own_cert(settings->get(), certificate.get(), key.get()) != 0)
                return fail(Errc::Invalid, "there is no memory for it");
        return {};
    }
    mbedtls_ssl_config* offering(HttpVersions offered)
    {
        return offered == HttpVersions::Both ? both_.get() : only1_.get();
    }
    TlsRandom& random() { return only1_.random(); }

private:
    TlsSettings only1_, both_;
};

// What the host shows a server that asks who it is.
struct Identity {
    HeldCertificate certificate;
    HeldKey key;
    ClientSettings settings;
    std::string problem; // "" if it can be used

    Result<> set_up(std::string_view pem)
    {
        if (pem.empty())
            return fail(Errc::Invalid, "it has no value");
        TRY(settings.set_up());
        std::string text(pem);
        auto done = read(bytes_of({text.c_str(), text.size() + 1})); // the NUL must be counted
        credentials::wipe(text);
        return done;
    }

private:
    Result<> read(Bytes bytes)
    {
        if (mbedtls_x509_crt_parse(certificate.get(), raw(bytes), bytes.size()) != 0)
            return fail(Errc::Invalid, "it holds no certificate in PEM");
        if (mbedtls_pk_parse_key(key.get(), raw(bytes), bytes.size(), nullptr, 0,
                TlsRandom::callback, &settings.random())
            != 0)
            return fail(Errc::Invalid, "it holds no private key in PEM, or one with a password");
        if (mbedtls_pk_check_pair(
                &certificate->pk, key.get(), TlsRandom::callback, &settings.random())
            != 0)
            return fail(Errc::Invalid, "its key is not the certificate's");
        return settings.show(certificate, key);
    }
};

class UpstreamTlsImpl final : public UpstreamTls
{
public:
    explicit UpstreamTlsImpl(std::string_view anchors_pem) : anchors_pem_(anchors_pem) {}

    Result<> set_up() { return settings_.set_up(); }

    Result<std::unique_ptr<TlsSession>> connect(To const& to, WallTime now) override
    {
        TRY(need_anchors());
        auto session = std::make_unique<UpstreamSession>(
            sessions_, SavedSessions::Key{to_lower_ascii(to.name), to.port}, now);
        auto* settings = &settings_;
        auto const own = identities_.find({to_lower_ascii(to.name), to.port});
        if (own != identities_.end()) {
            if (!own->second.problem.empty())
                return fail(Errc::Invalid, own->second.problem);
            settings = &own->second.settings;
        }
        settings->trust(anchors_);
        TRY(session->prepare(*settings->offering(to.offered), now));
        return std::unique_ptr<TlsSession>(std::move(session));
    }

    void show(To const& to, std::string_view credential, std::string_view pem) override
    {
        auto& identity = identities_[{to_lower_ascii(to.name), to.port}];
        if (auto const made = identity.set_up(pem); !made.ok())
            identity.problem =
                fmt::format("the client certificate of credential {} cannot be used: {}",
                    in_quotes(credential, 60), made.error().sentence);
    }

    std::string websocket_key() override
    {
        std::array<unsigned char, 16> nonce{};
        std::array<unsigned char, 32> text{};
        std::size_t size = 0;
        bool const is_made =
            settings_.random().fill(nonce.data(), nonce.size()) == 0
            && mbedtls_base64_encode(text.data(), text.size(), &size, nonce.data(), nonce.size())
                   == 0;
        return is_made ? std::string(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size))
                       : std::string();
    }

private:
    Result<> need_anchors()
    {
        if (has_anchors_)
            return {};
        TRY(read_anchors(anchors_, anchors_pem_));
        has_anchors_ = true;
        return {};
    }

    std::string_view anchors_pem_;
    HeldCertificate anchors_;
    bool has_anchors_ = false;
    SavedSessions sessions_;
    ClientSettings settings_;
    std::map<SavedSessions::Key, Identity> identities_;
};

} // namespace

Result<std::unique_ptr<UpstreamTls>> UpstreamTls::create(std::string_view anchors_pem)
{
    auto upstream = std::make_unique<UpstreamTlsImpl>(anchors_pem);
    TRY(upstream->set_up());
    return std::unique_ptr<UpstreamTls>(std::move(upstream));
}

} // namespace osh::netproxy::proxy
