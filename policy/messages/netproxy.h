#pragma once
// The words between the supervisor and osh-netproxy: one SOCK_SEQPACKET message each, a JSON object
// with a "t" key, at most kMaxMessage bytes. Long texts (policies, hosts file) travel in sealed
// memfds whose descriptors come with the message (SCM_RIGHTS), in the order the fields name them.
// Secrets travel only in Lend, and only this way.

#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxMessage = 60 * 1024;

// ---- supervisor -> netproxy

// First message. Descriptors with it: [0] the tun, [1] the channel to init, [2] trust anchors (PEM
// bundle, read-only), [3] hosts(5) text, [4] policy layers (see encode_layers).
struct Setup {
    std::string session;
    std::string profile;
    bool network_off = false;
    bool audit_all = false; // network.mode = "audit"
    bool default_enforce = true;
    std::string hold = "head"; // head, hello, connect, never
    std::string intercept = "needed";
    std::string approvals = "deny"; // ask, queue, deny
    std::uint32_t hold_seconds = 55;
    bool udp_by_policy = false;
    bool journal_requests = false;
    std::vector<std::string> resolvers;    // addresses of DNS servers, resolv.conf(5)
    std::vector<std::string> search_never; // reserved: search domains are never applied
    std::uint32_t max_flows = 16384;
    std::uint32_t new_labels = 20; // per minute and zone that a pattern names
    std::uint32_t new_label_bytes = 1024;
    std::vector<std::string> passthrough; // policy/model/listed_host
    std::vector<std::string> dns_types;   // policy/model/dns_opening
    // The user's own proxies, as their variables say (policy/model/upstream_proxy); "" is none. May
    // hold a password: this message goes to netproxy only and is never journalled.
    std::string https_proxy, http_proxy, no_proxy;
};

// The machine joined another network: what resolv.conf(5) and hosts(5) say now. Descriptor with it:
// [0] hosts(5) text.
struct Resolvers {
    std::vector<std::string> resolvers;
};

struct LendAttach {
    std::string kind; // bearer, header, basic, query, path, git
    std::string host;
    std::uint16_t port = 443;
    std::string path = "/**";
    std::vector<std::string> methods;
    std::string header, value_template, user, param;
};

// A secret lent for this session. `value` is wiped by both sides after use of the message buffer.
struct Lend {
    std::string credential;
    std::string placeholder;
    std::string value; // empty with unavailable_reason set: refuse instead of forwarding bare
    std::string unavailable_reason;
    std::vector<LendAttach> attach;
    std::vector<std::string> programs;
    std::string mode = "fill";
    bool optional = false, plaintext = false, scrub = true;
};

// New policy layers in a memfd (descriptor [0]); answered by PolicyLoaded with the same generation.
struct PolicyUpdate {
    std::uint64_t generation = 0;
};

// The desk's answer to a Question.
struct Answer {
    std::uint64_t question = 0;
    bool allow = false;
    std::string
        decision; // "human_denied", "expired", "unattended", "flood" when not allowed; "" otherwise
    std::string id; // "q-12", shown in the 403 body
};

struct Stop {
};

using ToNetproxy = std::variant<Setup, Lend, PolicyUpdate, Answer, Stop, Resolvers>;

// ---- netproxy -> supervisor

// Its first word, before Setup came.
struct Authority {
    std::string ca_pem; // the session CA certificate, never its key
};

struct Ready {
};

struct PolicyLoaded {
    std::uint64_t generation = 0;
    bool ok = false;
    std::string error; // rendered diagnostics
};

struct Program {
    std::string binary, script, command_line;
    std::vector<std::string> chain; // ancestors' binaries, nearest first
    std::int32_t pid = 0;
    bool is_ambiguous = false;
    // Why no rule may rely on it: deleted, writable, changed, preload, traced, shared, in
    // transit, handed on.
    std::vector<std::string> taints;
    friend bool operator==(Program const&, Program const&) = default;
};

struct Target {
    std::string host;
    std::uint16_t port = 0;
    std::string scheme;       // https, http, tcp, udp
    std::string method, path; // empty when the question is about the connection only
    std::string ip;           // when the agent dialled a literal
};

// A flow is parked until Answer or its deadline.
struct Question {
    std::uint64_t id = 0;
    Program program;
    Target target;
    std::string why_code, why_text;
    std::string credential; // would be attached; "" if none
};

// The client of a parked flow is gone; the question may lapse.
struct QuestionGone {
    std::uint64_t id = 0;
};

// One line of the journal.
struct Decided {
    std::string kind;     // connect, request, dns, credential, address, question, middleware
    std::string decision; // allow, audit, deny
    std::string code;     // no_rule, rule_denied, human_denied, withdrawn, …
    Program program;
    Target target;
    std::string policy; // map key of the rule, "" if none
    std::string rule_file;
    std::uint32_t rule_line = 0;
    std::string reason;
    std::string credential;
    std::string question; // "q-12" if a person decided
};

struct Notice {
    std::string code; // credential_misuse, ca_refused, flood, dropped_packets
    std::string text;
};

struct FlowClosed {
    Target target;
    Program program;
    std::uint64_t bytes_up = 0, bytes_down = 0;
};

// At the end: what was left out, counted.
struct Dropped {
    std::uint64_t malformed = 0, fragments = 0, options = 0, unknown_protocol = 0,
                  foreign_source = 0, not_unicast = 0, over_limit = 0; // packets
    std::uint64_t names = 0; // look-ups refused by the limit on new labels
};

using FromNetproxy = std::variant<Authority, Ready, PolicyLoaded, Question, QuestionGone, Decided,
    Notice, FlowClosed, Dropped>;

std::string encode(ToNetproxy const& message);
std::string encode(FromNetproxy const& message);
Result<ToNetproxy> decode_to_netproxy(std::string_view text);
Result<FromNetproxy> decode_from_netproxy(std::string_view text);

// Policy layers as one text for the memfd: the same JSON rules.
struct LayerText {
    std::string name, text, approval;
    std::uint32_t rank = 0; // of LayerRank
};
std::string encode_layers(std::vector<LayerText> const& layers);
Result<std::vector<LayerText>> decode_layers(std::string_view text);

} // namespace osh::policy
