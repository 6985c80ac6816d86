#pragma once
// One connection of the agent, or one stream of an HTTP/2 connection: what is known about it and
// how far it has come. Data only; what is done with it stands in the flow_*.cc files, one per
// stretch of its life.
//
//   Identify -> Connect -> Splice                      an allowed connection whose bytes are
//   carried
//            -> FirstBytes -> Inspect                  TLS or HTTP, judged request by request
//                          -> Parked -> Connect        neither: a person is asked about the
//                          connection
//   and from anywhere -> Draining (our side is over) -> Gone

#include "netproxy/core/byte_queue.h"
#include "netproxy/core/commands.h"
#include "netproxy/core/connect_verdicts.h"
#include "netproxy/core/identity.h"
#include "netproxy/core/push_start.h"
#include "netproxy/core/settings.h"
#include "netproxy/proxy/http1.h"
#include "netproxy/proxy/http2_server.h"
#include "netproxy/proxy/tls.h"
#include "netproxy/stack/stack.h"
#include "policy/evaluate/evaluate.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace osh::netproxy::core
{

using stack::FlowId;

enum class Phase : std::uint8_t {
    Identify,
    Connect,
    FirstBytes,
    Inspect,
    Parked,
    Splice,
    Draining,
    Gone
};

// An upstream connection that several streams may share is made by the first to want it.
enum class LinkRole : std::uint8_t { None, Leads, Waits };

// ResolveProxy: the person's own proxy is looked up; the target's addresses were checked.
enum class UpstreamState : std::uint8_t { None, Resolve, ResolveProxy, Dial, Secure, Open };

struct Upstream {
    UpstreamId id = 0;
    std::unique_ptr<proxy::TlsSession> tls; // inspected flows over TLS
    std::vector<IpAddress> addresses;       // one of which it is connected to
    ByteQueue<kInbox> inbox;                // inspected flows: as received
    ByteQueue<kStaged> plain;               // decrypted, not yet taken by the HTTP parser
    UpstreamState state = UpstreamState::None;
    bool has_ended = false; // nothing more will be received
    bool ended_cleanly = false;
    bool attend_queued = false;
    bool has_served = false;                                  // a request goes or went out on it
    bool has_said_goodbye = false;                            // close_notify: our direction is over
    proxy::HttpVersions offered = proxy::HttpVersions::Only1; // to its server
    bool asks_proxy = false;      // leads to the person's proxy itself, not through it to the host
    bool awaits_settings = false; // it speaks HTTP/2, for this flow alone: the first frame is due
    bool expects_more = false;    // inspected flows: the last read filled the inbox
    bool lacks_space = false;     // no room when last asked: splice, the agent's; else, memory
};

// Where any program may connect, the upstream is dialled while init still looks for the owner. What
// came of it meanwhile waits here for the owner.
enum class EarlyDial : std::uint8_t { None, Pending, Connected, Failed, AddressDenied };
struct EarlyTrouble { // of the last two
    DialFailure failure = DialFailure::Other;
    std::string why;
    policy::Verdict verdict;
};

// The request that was judged last: what a new policy judges again while it is under way.
struct JudgedRequest {
    std::string method, path, query, protocol, canonical_path;
    std::string accept;                  // what makes a GET the stream of an MCP session
    std::optional<std::string> body;     // where the verdict hung on it
    std::optional<policy::GitPush> push; // likewise
    std::size_t held() const { return body ? body->capacity() : 0; }
};

// What a person is asked about, and the policy that its words belong to.
struct AskedVerdict {
    std::shared_ptr<policy::Policy const> policy;
    policy::Verdict verdict;
};

// What only a connection has whose requests are read, or one of its streams.
struct Talk {
    // A ClientHello that names another host than DNS gave: every request is answered 421.
    std::string misdirected_name;
    std::string credential; // attached to the request in hand; "" if none
    std::string answer_id;  // "q-12", for the journal line of the request it answered
    AskedVerdict asked;     // while a question is open
    std::optional<policy::Answer> allowed; // it, once the client is known to be there still
    std::vector<FlowId> streams;           // of a carrier
    std::vector<FlowId> turns; // those that wait for an HTTP/1.1 connection of their own
    std::size_t own_connections = kMaxOwnConnections; // grows, up to the streams of a connection
    ByteQueue<kStaged> agent_plain;                   // decrypted, not yet taken by the HTTP parser
    std::optional<std::string> other_body;            // what a middleware made of the request's
    std::optional<JudgedRequest> request;
    bool logs_connection_in = false; // a scheme that speaks of the connection (NTLM): not shared
    std::string body_credential;     // put into the body of the request in hand
    // Of a WebSocket: placeholders in its messages become values, and what the server says is
    // looked through for these.
    bool fills_messages = false;
};

struct Flow {
    FlowId id = 0;
    stack::FlowTuple tuple;
    std::string host;                // the name behind a synthetic address, or the address in text
    std::string_view scheme = "tcp"; // http or https once the client has spoken it

    Identity identity;
    std::unique_ptr<EarlyTrouble> early_trouble;
    std::shared_ptr<policy::Policy const> policy; // keeps the views of `connect` alive
    ConnectVerdictPtr connect;                    // never null

    std::unique_ptr<proxy::TlsSession> agent_tls;
    // One of the two: a connection whose requests come one after the other, or a carrier, each of
    // whose streams is a flow of its own, that lives no longer than it.
    std::unique_ptr<proxy::Http1Connection> http1;
    std::unique_ptr<proxy::Http2Server> http2;
    proxy::AgentWire* wire = nullptr;    // what the agent's bytes go through: either
    proxy::HttpExchange* http = nullptr; // the request in hand; a carrier has none

    Flow* carrier = nullptr; // of a stream
    std::unique_ptr<proxy::StreamExchange> stream;
    UpstreamId link = 0; // the shared upstream connection that carries it

    std::unique_ptr<PushStart> push; // of the request in hand, where a rule looks at refs
    std::uint64_t question = 0;      // parked on this one; 0: not parked

    Upstream upstream;
    std::uint64_t bytes_up = 0, bytes_down = 0;

    // Small things together: ten thousand idle flows are to be small, and each gap is eight bytes.
    std::uint32_t held = 0; // bytes beyond the rings, as they were counted last
    Phase phase = Phase::Identify;
    policy::OwnerDepth owner_depth = policy::OwnerDepth::Proven; // of the question asked last
    EarlyDial early = EarlyDial::None;
    // An inspected connection asks again at its first request head: a program may have handed the
    // socket on, or become another one (security design H12).
    enum class SecondLook : std::uint8_t { Due, Asked, Done } second_look = SecondLook::Due;
    LinkRole link_role = LinkRole::None;
    proxy::Closing closing = proxy::Closing::No; // of a WebSocket, as the timer knows it
    bool is_literal = false;
    bool is_accepted = false;
    // By a person: the connection, the request in hand. A request's answer covers that one only.
    bool was_allowed_by_person = false, request_allowed_by_person = false;
    // Splice: nothing goes upstream before the first bytes of a TLS client were looked at.
    bool may_send_upstream = false;
    bool has_hello_begun = false; // and is not complete
    bool has_carried = false;     // a stream, at least
    bool is_pumping = false;      // a carrier: what a stream of it does is seen next round
    bool agent_end_told = false;
    bool agent_end_looked_at = false; // while a question is open: init was asked what it means
    bool awaits_body = false;         // of the policy: nothing was decided yet
    bool awaits_middleware = false;   // decided; the body is to be looked into
    bool awaits_filling = false;      // likewise; placeholders in it are to become values
    bool is_decoded = false;          // the changed body: its encoding is gone
    bool was_sent_again = false;      // the request in hand: one retry, not a loop
    bool are_faults_told = false;     // to the journal
    bool is_idle = false;             // between requests: the idle timer runs

    bool is_encrypted() const
    {
        return carrier != nullptr ? carrier->is_encrypted() : agent_tls != nullptr;
    }
    Talk& talk()
    {
        if (!talk_)
            talk_ = std::make_unique<Talk>();
        return *talk_;
    }
    Talk const* talked() const { return talk_.get(); } // null: nothing was said yet
    JudgedRequest* request() const { return talk_ && talk_->request ? &*talk_->request : nullptr; }

    Identity const& who() const { return carrier != nullptr ? carrier->identity : identity; }

private:
    std::unique_ptr<Talk> talk_;
};

} // namespace osh::netproxy::core
