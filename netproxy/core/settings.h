#pragma once
// What the supervisor set up, as the core needs it, and the core's own bounds.

#include "netproxy/core/label_limit.h"
#include "policy/base/time.h"
#include "policy/messages/netproxy.h"
#include "policy/model/dns_opening.h"
#include "policy/model/upstream_proxy.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace osh::netproxy::core
{

enum class WhenUnruled : std::uint8_t { Deny, Ask, Audit };
enum class TerminateTls : std::uint8_t { WhereNeeded, Always, Never };

struct Settings {
    std::string profile;
    bool network_off = false;
    WhenUnruled when_unruled = WhenUnruled::Deny;
    TerminateTls terminate = TerminateTls::WhereNeeded;
    Duration hold = 55s;
    bool journals_requests = false;
    bool udp_by_policy = false; // else every datagram is refused at once
    NewNames new_names;
    std::vector<policy::DnsOpening> dns_openings;
    std::vector<policy::ListedHost> passthrough; // their TLS is never terminated
    policy::UpstreamProxies proxies;
};

// Fails when a proxy is named that cannot be understood: going around it is not ours to choose.
Result<Settings> settings_from(policy::Setup const& setup);

// Each bound answers one way to exhaust us (security design H19).
inline constexpr std::size_t kMaxPassthrough = 1024;     // hosts of a profile
inline constexpr std::size_t kMaxPendingOwners = 1024;   // SYNs that wait for their owner
inline constexpr std::size_t kMaxPendingQuestions = 256; // parked flows; the desk shows far fewer
inline constexpr std::size_t kInbox = 64 * 1024;         // bytes from upstream, per inspected flow
inline constexpr std::size_t kStaged = kInbox;           // four TLS records, decrypted
inline constexpr std::size_t kMaxAddresses = 8;          // of one name
inline constexpr std::size_t kMaxStreams = 1024;         // HTTP/2 requests under way, in all
inline constexpr std::size_t kMaxOwnConnections = 16;    // HTTP/1.1, for one HTTP/2 connection
inline constexpr Duration kTurnPatience = 2s; // then it gets one more: those may be long answers
inline constexpr Duration kOwnerTimeout = 5s; // init answers in microseconds
inline constexpr Duration kLookAgain = 2s;    // is whoever waits for a person still there?
inline constexpr Duration kHeadTimeout = 30s; // first request head, or a ClientHello
inline constexpr Duration kHelloTimeout = 10s;
inline constexpr Duration kSilence = 300ms;       // then the server is expected to speak first
inline constexpr Duration kIdleTimeout = 15min;   // between requests
inline constexpr Duration kConnectTimeout = 60s;  // resolve, dial and upstream handshake together
inline constexpr Duration kSettingsTimeout = 30s; // a server's first frame of HTTP/2
inline constexpr Duration kFrameTimeout = 30s;    // rest of a frame before a Close of ours
inline constexpr Duration kLinger = 5min;         // a half-closed or closing flow
inline constexpr std::size_t kMaxUdpFlows = 1024; // agent port and destination, each a socket
inline constexpr std::size_t kMaxUdpWaiting = 64; // datagrams of one flow, while it is judged
inline constexpr Duration kUdpIdle = 60s;
inline constexpr unsigned kLinesPerSecond = 200; // of the journal
inline constexpr unsigned kLineBurst = 1000;

// A body that a middleware looks into, whole (OpenShell's limit).
inline constexpr std::size_t kMiddlewareBody = 4 * 1024 * 1024;

} // namespace osh::netproxy::core
