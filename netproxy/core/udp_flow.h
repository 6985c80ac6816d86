#pragma once
// Datagrams between one port of the agent and one destination: judged once, relayed through one
// connected socket, forgotten after a minute of silence (RFC 4787 would wait two; an agent's own
// retries are faster). Data only; udp.cc acts.

#include "netproxy/core/commands.h"
#include "netproxy/core/identity.h"
#include "netproxy/stack/stack.h"

#include <array>
#include <string>
#include <tuple>
#include <vector>

namespace osh::netproxy::core
{

// The agent has one address of each family, so its port is enough.
using UdpKey = std::tuple<std::array<std::uint8_t, 16>, std::uint16_t, std::uint16_t>;

// Owner questions, look-ups and sockets of datagrams share this bit in their numbers, so that they
// are never taken for a TCP flow's.
inline constexpr std::uint64_t kUdpBit = std::uint64_t{1} << 63;

enum class UdpState : std::uint8_t { Identify, Resolve, Open, Refused };

struct UdpWaiting {
    std::vector<std::byte> payload;
    stack::Fragments fragments = stack::Fragments::Allowed;
};

struct UdpFlow {
    std::uint64_t id = 0;
    stack::FlowTuple tuple;
    std::string host; // the name behind a synthetic address, or the address in text
    bool is_literal = false;
    bool is_v4_outside = true; // once it is Open
    UdpState state = UdpState::Identify;
    stack::Unreachable refusal = stack::Unreachable::Port; // what Refused tells again
    Identity identity;
    policy::OwnerDepth owner_depth = policy::OwnerDepth::Proven;
    std::vector<UdpWaiting> waiting; // until Open; at most kMaxUdpWaiting
    Instant last_used{};
    std::uint64_t bytes_up = 0, bytes_down = 0;
};

} // namespace osh::netproxy::core
