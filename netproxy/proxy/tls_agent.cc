// The agent's side of TLS: a server that shows a leaf of the session's CA, takes only the name the
// connection was judged for, and resumes with tickets. Not: which name that is.
#include "netproxy/proxy/tls.h"
#include "netproxy/proxy/tls_authority.h"
#include "netproxy/proxy/tls_engine.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::uint32_t kTicketSeconds = 12 * 60 * 60;

class AgentSession final : public MemoryTls
{
public:
    AgentSession(std::string name, LeafCertificate certificate, HeldKey& key)
        : name_(std::move(name)), certificate_(std::move(certificate)), key_(key)
    {
    }

    Result<> prepare(mbedtls_ssl_config const& config)
    {
        TRY(set_up(*this, config));
        mbedtls_ssl_set_user_data_p(&ssl(), this);
        return {};
    }

    // Called by the library when the ClientHello is complete: also without SNI.
    static int choose_certificate(mbedtls_ssl_context* ssl)
    {
        auto& self = *static_cast<AgentSession*>(mbedtls_ssl_get_user_data_p(ssl));
        return mbedtls_ssl_set_hs_own_cert(
            ssl, self.certificate_.certificate->get(), self.key_.get());
    }

    // RFC 6066 section 3; a non-zero answer makes the library send unrecognized_name.
    static int check_name(
        void*, mbedtls_ssl_context* ssl, unsigned char const* name, std::size_t size)
    {
        auto& self = *static_cast<AgentSession*>(mbedtls_ssl_get_user_data_p(ssl));
        auto text = text_of(std::as_bytes(std::span(name, size)));
        if (text.ends_with('.'))
            text.remove_suffix(1);
        return equals_ignoring_case(text, self.name_) ? 0 : -1;
    }

private:
    std::string name_;
    LeafCertificate certificate_;
    HeldKey& key_;
};

class AgentTlsImpl final : public AgentTls
{
public:
    Result<> set_up(std::string_view session, WallTime now)
    {
        TRY(only1_.set_up(MBEDTLS_SSL_IS_SERVER, HttpVersions::Only1));
        TRY(both_.set_up(MBEDTLS_SSL_IS_SERVER, HttpVersions::Both));
        LET(authority, CertificateAuthority::create(session, now, only1_.random()));
        authority_ = std::move(authority);
        int const code = mbedtls_ssl_ticket_setup(tickets_.get(), TlsRandom::callback,
            &only1_.random(), MBEDTLS_CIPHER_AES_256_GCM, kTicketSeconds);
        if (code != 0)
            return fail_tls("cannot set up TLS tickets", code);
        for (auto* settings : {&only1_, &both_}) {
            auto* const config = settings->get();
            mbedtls_ssl_conf_cert_cb(config, AgentSession::choose_certificate);
            mbedtls_ssl_conf_sni(config, AgentSession::check_name, nullptr);
            mbedtls_ssl_conf_session_tickets_cb(
                config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, tickets_.get());
        }
        return {};
    }

    std::string const& ca_pem() const override { return authority_->ca_pem(); }

    Result<std::unique_ptr<TlsSession>> accept(
        std::string_view name, WallTime now, HttpVersions offered) override
    {
        auto const lower = to_lower_ascii(name);
        LET(certificate, authority_->leaf(lower, now));
        auto session =
            std::make_unique<AgentSession>(lower, std::move(certificate), authority_->leaf_key());
        auto& settings = offered == HttpVersions::Both ? both_ : only1_;
        TRY(session->prepare(*settings.get()));
        return std::unique_ptr<TlsSession>(std::move(session));
    }

private:
    TlsSettings only1_, both_; // ALPN belongs to the configuration
    std::unique_ptr<CertificateAuthority> authority_;
    HeldTickets tickets_;
};

} // namespace

Result<std::unique_ptr<AgentTls>> AgentTls::create(std::string_view session, WallTime now)
{
    auto agent = std::make_unique<AgentTlsImpl>();
    TRY(agent->set_up(session, now));
    return std::unique_ptr<AgentTls>(std::move(agent));
}

} // namespace osh::netproxy::proxy
