#pragma once
// What the core wants done outside: imperative values that the shell carries out. The core never
// calls back.

#include "netproxy/stack/stack.h"
#include "policy/base/ip_address.h"
#include "policy/messages/netproxy.h"
#include "policy/messages/owner.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace osh::netproxy::core
{

using UpstreamId = std::uint64_t; // never reused; 0 is none

struct AskOwner { // answered by Core::owner_known
    policy::OwnerQuery query;
};
struct Resolve { // answered by Core::resolved
    std::uint64_t id = 0;
    std::string name;
};
struct ResolveRecords {         // answered by Core::records_known
    std::uint64_t question = 0; // of the stack
    std::string name;
    std::uint16_t type = 0;
};
// Where an address may lead: into the world, or, for host.osh.internal by a rule that spells it
// out, to this machine's own loopback. The shell holds each against its kind (dial_guard.h).
enum class Reach : std::uint8_t { World, OwnLoopback, Proxy }; // Proxy: wherever the person has it
// A tunnel to ask a proxy for, once connected (RFC 9110 section 9.3.6).
struct Tunnel {
    std::string authority;     // "example.com:443"; "": no tunnel, the proxy reads requests
    std::string authorization; // of the person's proxy URL: a secret, "" without
    std::string proxy;         // "proxy.corp:3128", for people
};
struct Dial { // every address was checked; answered by Core::dialled or Core::dial_failed
    UpstreamId upstream = 0;
    std::vector<IpAddress> addresses; // in the order to try
    std::uint16_t port = 0;
    Reach reach = Reach::World;
    std::optional<Tunnel> tunnel{};
};
struct Attend { // there is something to write, or room to read into again, or a half-close to do
    UpstreamId upstream = 0;
};
struct OpenDatagrams { // the address was checked; failure is told by Core::datagrams_failed
    UpstreamId upstream = 0;
    IpAddress address;
    std::uint16_t port = 0;
};
struct SendDatagram { // lost when the socket is full or gone, as datagrams are
    UpstreamId upstream = 0;
    std::vector<std::byte> payload;
    stack::Fragments fragments = stack::Fragments::Allowed;
};
struct CloseDatagrams {
    UpstreamId upstream = 0;
};
enum class Ending : std::uint8_t { Finish, Reset };
struct CloseUpstream { // also ends a dial that is under way; nothing is reported afterwards
    UpstreamId upstream = 0;
    Ending how = Ending::Finish;
};
struct Tell {
    policy::FromNetproxy message;
};

using Command = std::variant<AskOwner, Resolve, Dial, Attend, CloseUpstream, Tell, OpenDatagrams,
    SendDatagram, CloseDatagrams, ResolveRecords>;

// Unfit: it answered, and no TLS that can be relied on came of it.
enum class DialFailure : std::uint8_t { Refused, Unreachable, TimedOut, Unfit, Other };

// Both clocks of one moment: durations are measured on the first, certificates live on the second.
struct Moment {
    Instant now;
    WallTime wall;
};

} // namespace osh::netproxy::core
