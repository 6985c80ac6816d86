// The TLS engine over memory (RFC 5246, RFC 8446 as mbedTLS implements them).
// Should: take and give ciphertext in large pieces, tell why a session failed. Mustn't: read a
// clock, open a file, or let a buffer grow with what the peer sends.
#include "netproxy/proxy/tls_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

// Room that one record with its overhead may need; below it write() takes nothing, so that a record
// is never left half sent inside the library.
constexpr std::size_t kRecordRoom = 16 * 1024 + 512;
// The library answers a peer with alerts and handshake flights only; more than this is a mistake.
constexpr std::size_t kMaxOutput = kTlsBuffered + 2 * kRecordRoom;

struct AlertName {
    unsigned char number;
    std::string_view name;
};

// RFC 8446 section 6 and RFC 5246 section 7.2.
constexpr std::array<AlertName, 27> kAlerts{{
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
}};

std::string alert_words(unsigned char number)
{
    for (auto const& alert : kAlerts) {
        if (alert.number == number)
            return fmt::format("the other side sent the TLS alert {}", alert.name);
    }
    return fmt::format("the other side sent the TLS alert {}", number);
}

} // namespace

Result<> MemoryTls::set_up(MemoryTls& session, mbedtls_ssl_config const& config)
{
    if (int const code = mbedtls_ssl_setup(session.ssl_.get(), &config); code != 0)
        return fail_tls("cannot set up a TLS session", code);
    mbedtls_ssl_set_bio(session.ssl_.get(), &session, send, fetch, nullptr);
    return {};
}

int MemoryTls::send(void* session, unsigned char const* data, std::size_t size)
{
    auto& self = *static_cast<MemoryTls*>(session);
    if (self.output_.size() + size > kMaxOutput)
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    auto bytes = std::as_bytes(std::span(data, size));
    if (self.transport_ != nullptr && self.output_.is_empty())
        bytes = bytes.subspan(self.transport_->write(bytes));
    if (!bytes.empty())
        self.output_.append(bytes);
    return static_cast<int>(size);
}

int MemoryTls::fetch(void* session, unsigned char* data, std::size_t size)
{
    auto& self = *static_cast<MemoryTls*>(session);
    bool const is_kept = !self.input_.is_empty();
    auto const source = is_kept ? self.input_.view() : self.lent_;
    auto const part = source.first(std::min(size, source.size()));
    self.is_starved_ = part.empty();
    if (part.empty())
        return self.has_transport_ended_ ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    std::copy_n(raw(part), part.size(), data);
    if (is_kept)
        self.input_.consume(part.size());
    else
        self.lent_ = self.lent_.subspan(part.size());
    return static_cast<int>(part.size());
}

std::size_t MemoryTls::receive(Bytes ciphertext)
{
    if (state_ == TlsState::Failed || state_ == TlsState::Closed)
        return ciphertext.size(); // nobody will read it
    std::size_t const room = kTlsBuffered - std::min(kTlsBuffered, input_.size());
    auto const part = ciphertext.first(std::min(room, ciphertext.size()));
    input_.append(part);
    advance();
    return part.size();
}

void MemoryTls::transport_ended()
{
    has_transport_ended_ = true;
    advance();
}

void MemoryTls::advance()
{
    if (state_ != TlsState::Handshake)
        return;
    int code = 0;
    do {
        is_starved_ = false;
        code = mbedtls_ssl_handshake(ssl_.get());
    } while (code == MBEDTLS_ERR_SSL_WANT_READ && !is_starved_);
    if (code == 0) {
        state_ = TlsState::Open;
        was_open_ = true;
        handshake_is_done();
    } else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) {
        fail_with(code);
    }
}

std::size_t MemoryTls::read(MutableBytes plaintext)
{
    return read_records(plaintext, 1);
}

TlsSession::Decrypted MemoryTls::decrypt(Bytes ciphertext, MutableBytes plaintext)
{
    lent_ = ciphertext;
    advance();
    auto const given = read_records(plaintext, kTlsRecord);
    bool const is_over = state_ == TlsState::Failed || state_ == TlsState::Closed;
    auto const left = is_over ? 0 : lent_.size(); // what nobody will read is taken
    lent_ = {};
    return {ciphertext.size() - left, given};
}

// Until `plaintext` has less than `least_room` left.
std::size_t MemoryTls::read_records(MutableBytes plaintext, std::size_t least_room)
{
    if (state_ != TlsState::Open)
        return 0;
    std::size_t done = 0;
    while (plaintext.size() - done >= least_room) {
        auto const rest = plaintext.subspan(done);
        is_starved_ = false;
        int const code = mbedtls_ssl_read(ssl_.get(), raw(rest), rest.size());
        if (code > 0) {
            done += static_cast<std::size_t>(code);
            continue;
        }
        if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            got_ticket();
            continue;
        }
        // The library also says so between two steps of its own, with bytes still there.
        if (code == MBEDTLS_ERR_SSL_WANT_READ && !is_starved_)
            continue;
        if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
            state_ = TlsState::Closed;
        else if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE)
            fail_with(code == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : code);
        break;
    }
    return done;
}

std::size_t MemoryTls::write(Bytes plaintext)
{
    std::size_t done = 0;
    // With a transport nothing is encrypted before there is a place for it.
    std::size_t const most = transport_ != nullptr ? 0 : kTlsBuffered - kRecordRoom / 2;
    while (state_ == TlsState::Open && done < plaintext.size() && output_.size() <= most) {
        auto const rest = plaintext.subspan(done);
        int const code = mbedtls_ssl_write(ssl_.get(), raw(rest), rest.size());
        if (code <= 0) {
            fail_with(code);
            break;
        }
        done += static_cast<std::size_t>(code);
    }
    return done;
}

void MemoryTls::close()
{
    // Also after the peer's close_notify: our direction is still ours to end.
    if (state_ == TlsState::Open || state_ == TlsState::Closed)
        mbedtls_ssl_close_notify(ssl_.get());
}

std::string_view MemoryTls::alpn() const
{
    char const* name = mbedtls_ssl_get_alpn_protocol(ssl_.get());
    return name == nullptr ? std::string_view{} : std::string_view(name);
}

void MemoryTls::fail_with(int code)
{
    bool const is_alert = code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
    auto const alert = is_alert ? ssl_->MBEDTLS_PRIVATE(in_msg)[1] : 0;
    shares_no_protocol_ = is_alert && alert == MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL;
    was_cut_ = code == MBEDTLS_ERR_SSL_CONN_EOF;
    failure_ = explain_failure(code);
    state_ = TlsState::Failed;
    if (!failure_.empty())
        return;
    if (is_alert)
        failure_ = alert_words(static_cast<unsigned char>(alert));
    else if (code == MBEDTLS_ERR_SSL_CONN_EOF && !was_open_)
        failure_ = "the other side closed the connection during the TLS handshake";
    else
        failure_ = tls_error_words(code);
}

} // namespace osh::netproxy::proxy
