#pragma once
// The user-space TCP/IP stack: packets in, events out; commands in, packets out. No I/O, no clock,
// no policy.
//
// Each flow has two byte rings with fixed bounds. The receive ring is filled by packets and read in
// place by the caller (received/consume); what is consumed opens the window. The send ring is
// written in place (send_space/commit) and emitted as the agent's window allows; it is also the
// retransmission buffer.

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"
#include "policy/base/time.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace osh::netproxy::wire
{
struct DnsRecord;
}

namespace osh::netproxy::stack
{

using FlowId = std::uint64_t; // never reused within a session; 0 is none

struct FlowTuple { // as the agent sees it
    IpAddress source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
};

// ---- events, in the order they happened

struct TcpOpened { // a SYN; nothing was answered: accept, refuse or mark unreachable
    FlowId flow;
    FlowTuple tuple;
};
struct TcpReadable { // received() grew, or the agent finished sending (peer_finished() is true and
                     // all is consumed)
    FlowId flow;
};
struct TcpWritable { // send_space() became non-empty again after it was empty, or the handshake
                     // ended
    FlowId flow;
};
struct TcpClosed { // the flow is gone: reset by the agent, timed out, or both sides finished. Its
                   // id is invalid now.
    FlowId flow;
    bool was_reset;
};
struct DnsAsked { // UDP or TCP port 53 at the stack's own address; answer with answer_dns
    std::uint64_t question;
    std::string name;   // lower case, no trailing dot, LDH and underscore only
    std::uint16_t type; // 1 A, 28 AAAA, others as asked
    FlowTuple tuple;
};
// Whether a datagram may be cut on its way. The agent's default route locks its MTU, so the bit is
// set where a program asked for it (IP_MTU_DISCOVER, ip(7)), and nowhere else. IPv6 has no such
// bit.
enum class Fragments : bool { Never, Allowed };
struct UdpReceived { // any other datagram; nothing is answered: reply with send_udp or refuse_udp
    FlowTuple tuple;
    std::vector<std::byte> payload;
    Fragments fragments = Fragments::Allowed;
};

using Event = std::variant<TcpOpened, TcpReadable, TcpWritable, TcpClosed, DnsAsked, UdpReceived>;

enum class More : bool { No, Yes };
enum class Unreachable : std::uint8_t { Network, Host, Port, AdminProhibited };
enum class DnsReply : std::uint8_t { Address, NoData, NameError, Refused, ServerFailure };

struct Limits {
    std::uint32_t max_flows = 16384;
    std::uint32_t max_half_open = 4096; // those to silent hosts are kept for as long as SYNs come
    std::uint32_t max_flows_per_destination = 12288; // others keep a quarter
    std::uint32_t receive_ring = 256 * 1024;         // bytes per flow and direction
    std::uint32_t send_ring = 256 * 1024;
    std::uint64_t total_buffer_bytes = 96u
                                       << 20; // of all flows, with what the caller holds for them
    std::uint32_t dns_per_second = 50'000;    // answered here: only our own time to protect
    std::uint32_t max_dns_message = 512;      // of a question
};

struct Addresses {
    IpAddress gateway_v4, gateway_v6; // ours: DNS lives there
    IpAddress agent_v4, agent_v6;     // the only valid source addresses
    // Synthetic ones among those that no connection leads to otherwise.
    std::optional<AddressBlock> reserved = std::nullopt;
};

// Counters of what was dropped, for notices and tests.
struct Drops {
    std::uint64_t malformed = 0, fragments = 0, foreign_source = 0, unknown_protocol = 0,
                  over_limit = 0, no_flow = 0, options = 0,
                  flows = 0, // SYNs beyond a limit on connections, also in over_limit
        not_unicast = 0;     // IP options and extension headers; destinations
};

// One packet to write to the tun: header, then payload views into the flow's ring, valid until the
// next call that changes that flow.
struct PacketOut {
    std::array<std::byte, 128>
        header; // virtio-net header (10 bytes, linux/virtio_net.h), IP, transport
    std::size_t header_size = 0;
    std::array<Bytes, 2> payload{};
};

class Stack
{
public:
    Stack(Addresses const& addresses, Limits const& limits, std::uint64_t random_seed);
    ~Stack();

    // One packet from the tun, starting with its virtio-net header. Never fails: what cannot be
    // used is dropped and counted.
    void handle_packet(Bytes packet, Instant now);
    // The same, but what a large one carries may still lie in `packet` afterwards: received() leads
    // there. True: it does, and `packet` must stay as it is until keep_lent().
    bool lend_packet(Bytes packet, Instant now);
    void keep_lent(); // copies what was not consumed
    void handle_time(Instant now);
    Instant next_deadline() const;
    std::vector<Event> take_events();
    void take_events(std::vector<Event>& into);    // the same, and its memory is used again
    bool next_packet(PacketOut& out, Instant now); // false: nothing to send now

    // ---- TCP commands; an unknown or closed id is ignored
    // Neither accepted nor refused: connect(2) ends with ETIMEDOUT once the agent's kernel gives
    // up.
    void accept(FlowId flow, Instant now);
    void refuse(FlowId flow); // RST
    void refuse(FlowId flow,
        Unreachable why);     // ICMP destination unreachable, truthful for connect(2) inside
    void reset(FlowId flow);  // RST on an established flow
    void finish(FlowId flow); // FIN after everything committed was sent
    Bytes received(FlowId flow) const; // the first contiguous part
    void consume(FlowId flow, std::size_t count);
    MutableBytes send_space(FlowId flow); // the first contiguous part; it is held until committed
    void commit(FlowId flow, std::size_t count); // 0: nothing came, the space is given back
    // Yes: more will be committed at once, so a packet that would not be full waits for it while
    // others are in flight (as with MSG_MORE, send(2)).
    void expect_more(FlowId flow, More more);
    // All that the agent had to say was received and it waits for an answer: the acknowledgement
    // goes with it, or after 40 ms (RFC 1122 section 4.2.3.2).
    void expect_answer(FlowId flow);
    bool peer_finished(FlowId flow) const; // FIN received (received() may still hold bytes)
    std::size_t unsent(FlowId flow) const; // committed and not yet acknowledged
    std::size_t flow_count() const;

    // ---- UDP and DNS
    void answer_dns(std::uint64_t question, DnsReply reply, IpAddress const& address,
        std::uint32_t ttl_seconds);
    void answer_dns_name(std::uint64_t question, std::string_view name); // PTR
    void answer_dns_records(std::uint64_t question, std::vector<wire::DnsRecord> const& records);
    void send_udp(FlowTuple const& tuple_of_agent,
        Bytes payload); // a reply: from tuple.destination to tuple.source
    void refuse_udp(FlowTuple const& tuple_of_agent, Unreachable why);
    void refuse_udp_size(FlowTuple const& tuple_of_agent, std::uint32_t mtu);

    // ---- the one bound on buffers: rings take from it, and whatever the caller holds for a flow
    std::uint64_t memory_left() const;
    void hold_memory(std::uint64_t bytes); // may go beyond the bound: then nothing is left
    void free_memory(std::uint64_t bytes);

    Drops const& drops() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace osh::netproxy::stack
