// The upstream's side of TLS: a client that verifies the chain and the name against the host's
// trust anchors, always, and resumes sessions per name and port. A failure is a sentence, never a
// bypass.
#include "netproxy/proxy/tls.h"
#include "netproxy/proxy/tls_engine.h"
#include "netproxy/proxy/tls_trust.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

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

class UpstreamTlsImpl final : public UpstreamTls
{
public:
    explicit UpstreamTlsImpl(std::string_view anchors_pem) : anchors_pem_(anchors_pem) {}

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

    Result<std::unique_ptr<TlsSession>> connect(To const& to, WallTime now) override
    {
        TRY(need_anchors());
        auto session = std::make_unique<UpstreamSession>(
            sessions_, SavedSessions::Key{to_lower_ascii(to.name), to.port}, now);
        auto& settings = to.offered == HttpVersions::Both ? both_ : only1_;
        TRY(session->prepare(*settings.get(), now));
        return std::unique_ptr<TlsSession>(std::move(session));
    }

private:
    Result<> need_anchors()
    {
        if (has_anchors_)
            return {};
        TRY(read_anchors(anchors_, anchors_pem_));
        mbedtls_ssl_conf_ca_chain(only1_.get(), anchors_.get(), nullptr);
        mbedtls_ssl_conf_ca_chain(both_.get(), anchors_.get(), nullptr);
        has_anchors_ = true;
        return {};
    }

    std::string_view anchors_pem_;
    HeldCertificate anchors_;
    bool has_anchors_ = false;
    SavedSessions sessions_;
    TlsSettings only1_, both_; // ALPN belongs to the configuration
};

} // namespace

Result<std::unique_ptr<UpstreamTls>> UpstreamTls::create(std::string_view anchors_pem)
{
    auto upstream = std::make_unique<UpstreamTlsImpl>(anchors_pem);
    TRY(upstream->set_up());
    return std::unique_ptr<UpstreamTls>(std::move(upstream));
}

} // namespace osh::netproxy::proxy
