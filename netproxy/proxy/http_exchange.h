#pragma once
// One request in the hands of whoever judges it, whatever protocol carries it: HTTP/1
// (Http1Connection) and HTTP/2 streams (StreamExchange) show the same face, so that there is one
// path from a head to its verdict. Not: the bytes of the agent's side (AgentWire).

#include "credentials/rewrite/scrub.h"
#include "netproxy/proxy/websocket_frame.h"
#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::netproxy::proxy
{

struct HttpField {
    std::string name;  // as sent; compare ignoring case
    std::string value; // without surrounding blanks
};

struct RequestHead {
    std::string method;
    std::string path;  // raw, starts with '/'
    std::string query; // raw, without '?'; has_query tells "" from absent
    bool has_query = false;
    std::string authority; // of Host or :authority (or of an absolute-form target equal to it),
                           // lower case, without default port
    std::uint8_t minor_version = 1;
    std::vector<HttpField> fields;
    bool has_body = false;
    std::optional<std::uint64_t> content_length; // absent and has_body: not known beforehand
    bool wants_websocket = false;
    bool takes_trailers = false;    // TE: trailers, as gRPC sends
    std::string announced_trailers; // of Trailer, those that could pass
};

enum class HttpScheme { Http, Https };

struct Http1Limits {
    std::size_t head = 64 * 1024;
    std::size_t fields = 200;
    std::size_t field = 16 * 1024;
    std::size_t target = 8 * 1024;
    std::size_t buffered = 64 * 1024; // towards each side; beyond it room() is 0
    unsigned informational = 16;      // 1xx answers to one request
};

// An answer of our own.
struct LocalAnswer {
    int status = 403;
    std::string content_type = "application/json";
    std::vector<HttpField> fields; // further fields
    std::string body;
    std::string detail;      // the body in one sentence, for clients that read no JSON
    bool close = true;       // HTTP/1: ends the connection; HTTP/2: ends the stream in any case
    bool after_body = false; // once the request's body has come and was dropped: for clients that
                             // read no answer before they have sent all
};

// What goes upstream instead of what came: decided by policy_gate and credential_gate.
struct Forward {
    std::string path_and_query; // canonical path, untouched query (or with a credential in it)
    std::string host;           // Host field or :authority, written from the judged name
    std::vector<HttpField>
        fields; // the fields to send, hop-by-hop already dropped by upstream_fields()
    // Instead of the body that was kept whole for want_body(); its framing is written anew.
    std::optional<std::string> body;
    bool is_websocket = false;   // pass the 101 and splice afterwards
    bool reads_messages = false; // of the WebSocket, each to be judged; else it is opaque
    // It goes to an HTTP proxy, not to the host: the target is written whole (RFC 9112 section
    // 3.2.2), with what the proxy wants to see.
    bool is_to_proxy = false;
    std::string proxy_authorization; // a secret; "" without
    credentials::ScrubForms scrub;   // to replace in the response head and body
};

// What has come of a body whose beginning is looked at.
struct BodyStart {
    std::string_view bytes; // none is lost: they go on first
    bool is_all = false;    // the body ends here
    bool is_full = false;   // no more is taken before forward() or answer()
};

// A message that an agent wants to send through a WebSocket.
struct TunnelMessage {
    enum class Kind : std::uint8_t { Text, Binary };
    Kind kind = Kind::Text;
    std::string text; // whole, valid UTF-8; of a binary message nothing is kept
};

// A Close of a WebSocket whose messages are read, and what it waits for: one of ours, for the end
// of the server's frame; the agent's, for the server to end the connection (RFC 6455
// section 7.1.1).
enum class Closing : std::uint8_t { No, Ours, Agents };

class HttpExchange
{
public:
    virtual ~HttpExchange() = default;

    // ---- the question: a complete head that waits for forward() or answer(). Null when there is
    // none.
    virtual RequestHead const* waiting() const = 0;
    // The head of the request in hand, also after forward(): of use until the next one waits.
    virtual RequestHead const& asked() const = 0;
    // Bytes of the request body, kept until forward() or answer(): asked for when the policy judges
    // bodies.
    virtual void want_body(std::size_t limit) = 0;
    virtual std::optional<std::string_view> body() const = 0; // complete, or nothing yet
    virtual bool body_is_too_large() const = 0;
    // The beginning only: the rest, of any size, follows after forward().
    virtual void want_start(std::size_t limit) = 0;
    virtual BodyStart body_start() const = 0;
    virtual void forward(Forward plan) = 0;
    virtual void answer(LocalAnswer const& reply) = 0;
    // The upstream gave no byte (a stale connection, a refused stream) and the request can be sent
    // again without harm (RFC 9112 section 9.3.1, RFC 9113 section 8.7).
    virtual bool may_send_again() const = 0;
    virtual void send_again() = 0;
    // The request is malformed (refusal() says how, response_status() the status for it, asked()
    // what could be seen of its head), or the upstream is at fault (upstream_fault()), and no
    // answer has begun: the agent waits for fail_with().
    virtual bool has_untold_fault() const = 0;
    // It fails with this answer, or where one has begun it is cut.
    virtual void fail_with(LocalAnswer const& reply) = 0;

    // ---- a WebSocket whose messages are read (Forward::reads_messages): the one that waits.
    virtual TunnelMessage const* message() const { return nullptr; }
    virtual void pass_message(std::optional<std::string> instead); // of a text
    // A Close frame to both sides, and the end. False: there is no such WebSocket.
    virtual bool close_tunnel(CloseCode code, std::string_view reason);
    virtual Closing closing() const { return Closing::No; }

    // The agent's direction has ended, and all of it went to the upstream's connection, which is
    // to be closed in that direction only.
    virtual bool has_finished_sending() const { return false; }

    // ---- an upstream connection of its own that speaks HTTP/1.1. upstream_bytes() returns how
    // much was taken.
    virtual std::size_t upstream_bytes(Bytes bytes) = 0;
    virtual void upstream_ended(bool cleanly) = 0;
    virtual Bytes to_upstream() const = 0;
    virtual void consume_to_upstream(std::size_t count) = 0;
    virtual bool upstream_is_reusable() const = 0; // between exchanges, keep-alive on both sides

    virtual bool needs_upstream() const = 0; // forward() was called and the exchange is not over
    virtual bool is_finished() const = 0;    // nothing more will come of it
    virtual bool was_cut() const = 0;        // the last answer is incomplete
    virtual int response_status() const = 0; // of the last final response head; 0 before it
    // Why a malformed request was refused, why an answer of the upstream was refused; "" if not.
    virtual std::string const& refusal() const = 0;
    virtual std::string const& upstream_fault() const = 0;
    virtual std::size_t held() const = 0; // memory, about: bodies, messages, what waits to be sent
};

// The agent's connection, after TLS: bytes of one protocol in and out.
class AgentWire
{
public:
    virtual ~AgentWire() = default;
    // Returns how much was taken; less than offered means: keep the rest and offer it again after
    // consume_to_agent(), or when an exchange has moved on.
    virtual std::size_t agent_bytes(Bytes bytes) = 0;
    virtual void agent_ended() = 0;
    virtual Bytes to_agent() const = 0;
    virtual void consume_to_agent(std::size_t count) = 0;
};

// The request's fields without hop-by-hop ones, Host and those we never pass on.
std::vector<HttpField> upstream_fields(RequestHead const& head);

// {"error": …, "message": …}
LocalAnswer json_error(int status, std::string_view error, std::string_view message);

} // namespace osh::netproxy::proxy
