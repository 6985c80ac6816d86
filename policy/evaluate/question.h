#pragma once
// What the proxy asks the policy, and what it is told. Values only; views live for the time of the
// call.
//
// Order of questions on a flow (docs/architecture.md section 5):
//   may_be_asked_for(name)        DNS: may this name get a synthetic address?
//   evaluate(ConnectQuestion)     at the SYN, with the caller known
//   check_address(…)              for each address a name resolved to, right before it is dialled
//   evaluate(RequestQuestion)     per HTTP request, with the raw request target

#include "policy/base/ip_address.h"
#include "policy/base/source_text.h"
#include "policy/model/git.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

// Who asks. An unknown caller has an empty binary: it matches no binary rule but "**" and "/**".
struct Caller {
    std::string_view binary;                       // /proc/<pid>/exe as the agent sees it
    std::span<std::string_view const> ancestors{}; // their binaries, nearest first, at most 64
};

enum class Transport : std::uint8_t { Tcp, Udp };

struct ConnectQuestion {
    Caller caller;
    std::string_view host; // a name, or an address in canonical text without brackets
    std::uint16_t port = 0;
    Transport transport = Transport::Tcp;
};

struct Header {
    std::string_view name; // lower case
    std::string_view value;
};

struct RequestQuestion {
    ConnectQuestion connection;
    std::string_view
        protocol; // what the client speaks: "rest", "websocket", "graphql", "json-rpc", "mcp"
    std::string_view method; // "GET"; "WEBSOCKET_TEXT" for a text message
    std::string_view path;   // raw, before any decoding, without the query
    std::string_view query;  // raw, without the question mark
    std::span<Header const> headers{};
    bool has_body = false; // on its way, whether or not it is wanted
    std::optional<std::string_view>
        body;                      // whole body, only when the verdict on the head asked for it
    GitPush const* push = nullptr; // likewise: what a push over HTTP asks for
};

enum class Decision : std::uint8_t {
    Deny,
    Audit,
    Allow
}; // Audit: outside the rules but let through and reported

enum class DenyCode : std::uint8_t {
    None,           // not denied
    NoRule,         // nothing names this host, port or request
    RuleDenied,     // a deny rule fired
    WrongBinary,    // a rule names the host, for other programs
    AddressBlocked, // the address class is never or not here allowed
    BadRequest,     // target, query or body cannot be understood: refused in every mode
    Unsupported,    // the protocol cannot be inspected as the rule demands
};

// Where a rule came from: a file and line, or an approval.
struct RuleOrigin {
    std::string_view policy; // map key of the network policy, "" when no rule decided
    std::string_view name;   // its `name`, what logs show
    std::string_view file;   // or "approval g-7"
    std::uint32_t line = 0;  // from 1, 0 if none
    friend bool operator==(RuleOrigin const&, RuleOrigin const&) = default;
};

struct Verdict {
    Decision decision = Decision::Deny;
    DenyCode code = DenyCode::NoRule;
    RuleOrigin rule;
    std::string reason; // for people; empty on the allow path (no allocation there)
    std::string
        canonical_path; // evaluate(RequestQuestion) only: what was judged and must be sent upstream
    bool needs_body = false; // ask again with the body: nothing was decided yet
    bool needs_push = false; // ask again with what the push asks for: likewise

    bool is_open() const { return needs_body || needs_push; }
    friend bool operator==(Verdict const&, Verdict const&) = default;
};

// How the bytes of an admitted connection are treated.
enum class Inspection : std::uint8_t {
    Splice,    // carry bytes; TLS stays end to end (after the SNI check)
    Terminate, // terminate TLS or read plain HTTP, and ask for each request
};

struct ConnectVerdict {
    Verdict verdict;
    Inspection inspection = Inspection::Splice;
    bool tls_skip = false;            // the rule says `tls: skip`
    std::uint32_t max_body_bytes = 0; // what a body-reading protocol may buffer
    friend bool operator==(ConnectVerdict const&, ConnectVerdict const&) = default;
};

} // namespace osh::policy
