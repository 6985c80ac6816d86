#pragma once
// TLS sessions over memory: ciphertext in, plaintext out, and back. Only
// tls_library.h, for the tls_*.cc files, includes mbedTLS. Agent side: a server with a leaf of the
// session CA. Upstream side: a client that verifies against the host's trust anchors.

#include "netproxy/proxy/byte_sink.h"
#include "policy/base/bytes.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace osh::netproxy::proxy
{

enum class TlsState { Handshake, Open, Closed, Failed }; // Closed: close_notify received

// What ALPN offers, the newer one first (RFC 7301).
enum class HttpVersions : std::uint8_t { Only1, Both };

// What both sides share. Buffers are bounded: at most kTlsBuffered bytes of ciphertext wait in each
// direction.
inline constexpr std::size_t kTlsBuffered = 64 * 1024;
inline constexpr std::size_t kTlsRecord = 16 * 1024; // plaintext, at most (RFC 8446 section 5.1)

class TlsSession : public ByteSink
{
public:
    virtual TlsState state() const = 0;
    virtual std::string const& failure() const = 0; // a sentence, when Failed
    virtual bool was_open() const = 0;              // the handshake was completed once
    // Takes ciphertext from the transport and goes on with the handshake; returns how much was
    // taken.
    virtual std::size_t receive(Bytes ciphertext) = 0;
    virtual void transport_ended() = 0;
    // Decrypted bytes: 0 when none are there now.
    virtual std::size_t read(MutableBytes plaintext) = 0;
    // receive() and read() in one, for a caller that keeps the ciphertext: only what makes whole
    // records is taken, as many as `plaintext` has room for (kTlsRecord for each; none when it has
    // less).
    struct Decrypted {
        std::size_t taken = 0, given = 0;
    };
    virtual Decrypted decrypt(Bytes ciphertext, MutableBytes plaintext) = 0;
    // Encrypts; returns how much was taken (0 when the output buffer is full).
    std::size_t write(Bytes plaintext) override = 0;
    virtual void close() = 0; // queues close_notify
    // Records go to the transport as they are made; output() holds only what it does not take.
    virtual void send_to(std::unique_ptr<ByteSink> transport) = 0;
    // Ciphertext for the transport.
    virtual Bytes output() const = 0;
    virtual void consume_output(std::size_t count) = 0;
    virtual std::string_view alpn() const = 0; // "" if none was agreed
    // Failed, because the peer speaks none of the protocols that were offered (RFC 7301
    // section 3.2).
    virtual bool shares_no_protocol() const = 0;
    virtual bool was_cut() const = 0;     // Failed, because the transport ended and nothing else
    virtual std::size_t held() const = 0; // memory, about
};

struct RandomSource; // seeded from getrandom(2) by main before lock-down

// The session's certificate authority and the agent-side configuration. One per process.
class AgentTls
{
public:
    // Makes the P-256 CA key (never leaves this object) and certificate: a year, back-dated
    // 5 min, pathlen 0. Leaves live 12 h and are renewed.
    static Result<std::unique_ptr<AgentTls>> create(std::string_view session, WallTime now);
    virtual ~AgentTls() = default;
    virtual std::string const& ca_pem() const = 0;
    // A session that shows a leaf for `name` (a DNS name or an address in text); leaves are cached,
    // at most 1,000.
    virtual Result<std::unique_ptr<TlsSession>> accept(
        std::string_view name, WallTime now, HttpVersions offered) = 0;
};

class UpstreamTls
{
public:
    // `anchors_pem`: parsed lazily at first use. Must outlive this object.
    static Result<std::unique_ptr<UpstreamTls>> create(std::string_view anchors_pem);
    virtual ~UpstreamTls() = default;
    struct To {
        std::string_view name; // SNI, and what the certificate must show
        std::uint16_t port = 443;
        HttpVersions offered = HttpVersions::Only1;
    };
    // What this server is shown when it asks for a client certificate: the certificate, those that
    // vouch for it, and the key, in PEM. One that cannot be used makes each connect() there fail,
    // with the name of the credential in the sentence.
    virtual void show(To const& to, std::string_view credential, std::string_view pem) = 0;
    // Sessions are resumed per (name, port).
    virtual Result<std::unique_ptr<TlsSession>> connect(To const& to, WallTime now) = 0;
    // 16 random bytes in base64 (RFC 6455 section 4.1); "" if there are none to be had.
    virtual std::string websocket_key() = 0;
};

} // namespace osh::netproxy::proxy
