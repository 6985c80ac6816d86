#pragma once
// DNS at the gateway's address, over UDP and TCP (RFC 1035, RFC 7766): takes questions apart, hands
// them out as DnsAsked, and writes the answers. Decides nothing, looks nothing up.

#include "netproxy/stack/world.h"
#include "netproxy/wire/dns.h"

namespace osh::netproxy::stack
{

class DnsService
{
public:
    explicit DnsService(World& world) : world_(world) {}

    void take_datagram(FlowTuple const& tuple, Bytes message, Instant now);
    void take_streams(Instant now); // whatever arrived on DNS over TCP flows
    void answer(std::uint64_t question, DnsReply reply, IpAddress const& address,
        std::uint32_t ttl_seconds);
    void answer_name(std::uint64_t question, std::string_view name);
    void answer_records(std::uint64_t question, std::vector<wire::DnsRecord> const& records);

private:
    // Questions that wait for their answer; the oldest gives way. The caller answers in its next
    // turn, so that only a caller that forgets ever fills it.
    static constexpr std::size_t kMostPending = 512;
    static constexpr std::size_t kLongestQuestion = 255 + 4; // name, type, class on the wire

    struct Pending {
        std::uint64_t question = 0; // 0: free
        FlowTuple tuple;
        FlowId stream = 0; // 0: UDP
        std::uint16_t id = 0, type = 0;
        std::uint16_t wire_size = 0, udp_size = 0;
        bool recursion_desired = false, has_edns = false;
        std::array<std::byte, kLongestQuestion> wire;
    };

    bool is_within_rate(Instant now);
    void take_message(FlowTuple const& tuple, FlowId stream, Bytes message, Instant now);
    void take_stream(Flow& flow, Instant now);
    void remember(wire::DnsQuestion const& question, FlowTuple const& tuple, FlowId stream);
    Pending* take_pending(std::uint64_t question);
    void send(FlowTuple const& tuple, FlowId stream, Bytes message);
    static wire::DnsHead head_of(Pending const& pending);

    World& world_;
    std::vector<Pending> pending_; // by question modulo its size
    std::uint64_t last_question_ = 0;
    Instant rate_from_{};
    std::uint32_t rate_count_ = 0;
};

} // namespace osh::netproxy::stack
