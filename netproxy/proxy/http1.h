#pragma once
// One HTTP/1.x connection of the agent, judged request by request and re-serialised towards the
// upstream. The message that was judged is the message that is sent: every ambiguity is refused
// (security design H11).
//
// A state machine: bytes in from both sides, bytes out to both sides, and one question at a time.
// No I/O, no policy.

#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <cstdint>
#include <memory>
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
    std::string authority; // of Host (or of an absolute-form target equal to it), lower case,
                           // without default port
    std::uint8_t minor_version = 1;
    std::vector<HttpField> fields;
    bool has_body = false;
    std::optional<std::uint64_t> content_length; // absent and has_body: chunked
    bool wants_websocket = false;
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
    bool close = true;
};

// What goes upstream instead of what came: decided by policy_gate and credential_gate.
struct Forward {
    std::string path_and_query; // canonical path, untouched query (or with a credential in it)
    std::string host;           // Host field, written from the judged name
    std::vector<HttpField>
        fields; // the fields to send, hop-by-hop already dropped by upstream_fields()
    bool is_websocket = false;           // pass the 101 and splice afterwards
    std::vector<std::string> scrub;      // values to replace in the response head and body…
    std::vector<std::string> scrub_with; // …by these, same order
};

class Http1Connection
{
public:
    explicit Http1Connection(Http1Limits const& limits = {}, HttpScheme scheme = HttpScheme::Https);
    ~Http1Connection();

    // ---- bytes in. Return how much was taken; less than offered means: keep the rest and offer it
    // again after consume_to_*(), forward(), answer(), want_body() or the end of an exchange.
    std::size_t agent_bytes(Bytes bytes);
    void agent_ended();
    std::size_t upstream_bytes(Bytes bytes);
    void upstream_ended(bool cleanly);
    // How much would be taken now, at least when it is one body: 0 means do not read that side.
    std::size_t agent_room() const;
    std::size_t upstream_room() const;

    // ---- the question: a complete head that waits for forward() or answer(). Null when there is
    // none.
    RequestHead const* waiting() const;
    // Bytes of the request body, kept until forward() or answer(): asked for when the policy judges
    // bodies.
    void want_body(std::size_t limit);
    std::optional<std::string_view> body() const; // complete, or nothing yet
    bool body_is_too_large() const;
    void forward(Forward plan);
    void answer(LocalAnswer const& reply);
    // A pooled upstream connection was closed before it gave a byte, and the request can be sent
    // again without harm (RFC 9112 section 9.3.1): puts it into to_upstream() once more.
    bool may_send_again() const;
    void send_again();
    // The upstream failed before an answer began: 502 with this JSON body, else the connection is
    // cut.
    void upstream_failed(LocalAnswer const& reply);

    // ---- bytes out
    Bytes to_agent() const;
    void consume_to_agent(std::size_t count);
    Bytes to_upstream() const;
    void consume_to_upstream(std::size_t count);

    bool needs_upstream() const;       // forward() was called and the exchange is not over
    bool upstream_is_reusable() const; // between exchanges, keep-alive on both sides
    bool is_finished() const; // the agent's connection is to be closed once to_agent() is empty
    std::string const& refusal() const; // why a malformed request was refused with 400; "" if none
    std::string const&
    upstream_fault() const;      // why an answer of the upstream was refused; "" if not
    bool was_cut() const;        // the last answer is incomplete: reset, do not close cleanly
    bool is_tunnel() const;      // after a verified 101: opaque bytes both ways
    int response_status() const; // of the last final response head; 0 before it

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The request's fields without hop-by-hop ones, Host and those we never pass on.
std::vector<HttpField> upstream_fields(RequestHead const& head);

} // namespace osh::netproxy::proxy
