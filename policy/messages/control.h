#pragma once
// The words of the session's control socket: one JSON object per line, UTF-8, at most kMaxLine
// bytes with its newline, times in RFC 3339 with milliseconds. This is the public, versioned
// interface between a session (server) and tray, `osh approvals`, `osh ps`, `osh policy set`
// (clients). Design: docs/control-protocol.md.
//
// A key that is unknown is an error when it comes from a client (a misspelt narrowing must not be
// lost) and is ignored when it comes from a server (growth); so is a whole unknown message.

#include "policy/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace osh::policy::control
{

inline constexpr std::size_t kMaxLine = 64 * 1024;
inline constexpr std::uint32_t kProtocol = 1;
inline constexpr std::size_t kMaxNote = 200; // bytes of a person's note

// ---- parts of a question

struct Subject {
    std::string program, script, path, hash;
    std::int32_t pid = 0; // in the sandbox
    std::string started;
    std::vector<std::string> chain; // outermost first: "claude", "bash", "node"
    std::string cwd, argv;          // argv: secrets masked by the server
};

struct Target {
    std::string host, registrable;
    std::uint16_t port = 0;
    std::string scheme;
    std::string ip;    // when the agent dialled a literal
    std::string ascii; // A-labels of an internationalised host
    std::string method, path;
    std::string access; // "class" on the wire: read, write, connect, push
};

struct Why {
    std::string code, text;
};

struct Likely {
    std::string text, source;
    bool sure = false;
};

struct EarlierAnswer {
    std::string when, answer, scope;
};

struct Offer {
    std::string id;
    std::string effect; // allow, deny
    std::string what;   // request, class, host, program
    std::string who;    // program, any
    std::string label;
    std::vector<std::string> durations; // of once, session, always
    std::string default_duration;
    std::string rule;   // the text that would be added
    std::string covers; // "the 3 waiting requests"
    bool more = false;  // not on the face of the window
};

// ---- server -> client

struct ServerHello {
    std::uint32_t proto = kProtocol;
    std::string session, osh, profile, agent, project, started, max_scope;
};

struct Welcome {
    std::string role, you;
    std::uint32_t questions = 0, grants = 0;
};

// New or changed (a higher rev).
struct Question {
    std::string id;
    std::uint32_t rev = 1;
    std::string digest;
    std::string state = "held";   // held, lapsed, closed
    std::string kind = "network"; // network, credential, push, sign, expose, file, publish, …
    std::string summary;
    Subject subject;
    Target target;
    Why why;
    std::optional<Likely> likely;
    std::string agent_says, credential;
    std::uint32_t count = 1;
    std::string first, last, deadline;
    std::string on_deadline = "deny";
    std::vector<EarlierAnswer> history;
    std::vector<std::string> flags;
    std::vector<Offer> offers;
};

// Answered by someone, or no longer asked: by "deadline", "client_gone" or a front end's name.
struct Gone {
    std::string id, by, offer;
};

// The answer to every client message that carries an `n`.
struct Reply {
    std::uint64_t n = 0;
    bool ok = false;
    std::string code, text; // when not ok: stale, answered, expired, not_offered, scope_too_wide,
                            // role, bad_message, rate
    std::string grant;
    std::uint32_t applied_ms = 0, released = 0;
};

// The trace of an evaluation: which rules were tried, the nearest miss.
struct Explanation {
    std::string id;
    std::vector<std::string> lines;
};

struct Grant {
    std::string id, effect, label, duration, by, when;
    std::uint32_t used = 0;
};

struct GrantList {
    std::vector<Grant> grants;
};

struct Notice {
    std::string code, text; // credential_misuse, peer_in_sandbox, flood, helper_died, …
};

struct End {
    std::int32_t exit = 0;
    std::string report;
};

struct Bye {
    std::string code, text; // peer_in_sandbox, proto, too_many_clients, bad_message, slow, rate
    std::vector<std::uint32_t> supported;
};

struct Pong {
};

struct PolicyResult {
    std::uint64_t n = 0;
    bool ok = false;
    std::uint64_t generation = 0; // that decides now
    std::string text;             // rendered diagnostics, warnings too
};

// For `osh ps`.
struct SessionInfo {
    std::uint64_t n = 0;
    std::string session, name, profile, agent, project, started;
    std::string state; // starting, running, stopping
    std::int32_t pid = 0;
    std::uint32_t questions = 0, grants = 0;
    std::uint64_t allowed = 0, denied = 0, policy_generation = 0;
};

// ---- ports (launcher/supervise/session_ports)

struct Listener { // inside
    std::string address, program;
    std::uint16_t port = 0;
    std::int32_t pid = 0;
};

struct PublishedPort {
    std::vector<std::string> addresses; // "127.0.0.1:8080", "[::1]:8080"
    std::uint16_t host_port = 0, inside_port = 0;
    std::uint32_t connections = 0;
};

struct PortList {
    std::uint64_t n = 0;
    std::vector<Listener> listeners;
    std::vector<PublishedPort> published;
};

struct Published {
    std::uint64_t n = 0;
    PublishedPort port;
};

// A message of a newer server: skipped.
struct Unheard {
    std::string t;
};

using FromServer = std::variant<ServerHello, Welcome, Question, Gone, Reply, Explanation, GrantList,
    Notice, End, Bye, Pong, PolicyResult, SessionInfo, PortList, Published, Unheard>;

// ---- client -> server

struct ClientHello {
    std::uint32_t proto = kProtocol;
    std::string client;          // "osh-tray/1.0.0"
    std::string role = "decide"; // decide, watch
    std::string lang;
    std::vector<std::string> features;
};

struct Answer {
    std::uint64_t n = 0;
    std::string id, digest, offer;
    std::string duration; // once, session, always
    std::string note;
};

// Nothing changes; this client is not reminded of the question again.
struct Later {
    std::string id;
};

struct Explain {
    std::string id;
};

struct ListGrants {
};

struct Undo {
    std::uint64_t n = 0;
    std::string grant;
};

struct Stop {
    std::uint64_t n = 0;
    std::string signal = "TERM"; // TERM, INT, KILL, HUP
};

struct Ping {
};

struct SetPolicy {
    std::uint64_t n = 0;
    std::string name; // file name for the diagnostics
    std::string text; // the document; it shares the line's limit
};

struct AskInfo {
    std::uint64_t n = 0;
};

struct ListPorts { // answered by PortList
    std::uint64_t n = 0;
};

struct Publish { // answered by Published or, when it cannot be, by Reply
    std::uint64_t n = 0;
    std::string port; // "[HOST:]PORT[:PORT]"
};

struct Unpublish {
    std::uint64_t n = 0;
    std::uint16_t host_port = 0;
};

using FromClient = std::variant<ClientHello, Answer, Later, Explain, ListGrants, Undo, Stop, Ping,
    SetPolicy, AskInfo, ListPorts, Publish, Unpublish>;

// ---- lines

// With the newline. TooLarge when it would exceed kMaxLine.
Result<std::string> encode_line(FromServer const& message);
Result<std::string> encode_line(FromClient const& message);

// Without the newline.
Result<FromServer> decode_from_server(std::string_view line);
Result<FromClient> decode_from_client(std::string_view line);

// Cuts a byte stream into lines; holds at most kMaxLine bytes of an unfinished one.
class LineBuffer
{
public:
    // Takes what arrived. TooLarge: the peer sent a line beyond the limit, the connection is over.
    Result<> append(std::string_view bytes);
    std::optional<std::string> next(); // without its newline

private:
    std::string pending_;
    std::size_t searched_ = 0; // bytes known to hold no newline
};

} // namespace osh::policy::control
