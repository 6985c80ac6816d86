// The whole stack as a state machine. The input is a list of steps: raw packets, well-formed
// segments of a few connections with numbers near those that count, commands of the application,
// and passing time. What must hold: no crash, bounded memory, an end to each drain, packets out
// that parse.

#include "netproxy/stack/packet.h"
#include "netproxy/stack/stack.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/tcp.h"
#include "netproxy/wire/virtio_net.h"
#include "policy/base/check.h"

#include <algorithm>

namespace osh::netproxy::stack
{
namespace
{

constexpr std::size_t kMostFlows = 8;
constexpr std::size_t kMostSteps = 512;

class Machine
{
public:
    explicit Machine(Bytes input)
        : in_(input), stack_({*IpAddress::parse("10.0.2.2"), *IpAddress::parse("fd00::2"),
                                 *IpAddress::parse("10.0.2.15"), *IpAddress::parse("fd00::15")},
                          limits(), 1)
    {
    }

    void run()
    {
        for (std::size_t step = 0; step < kMostSteps && !in_.is_empty(); ++step) {
            do_step(byte());
            take_events();
            drain();
            OSH_CHECK(stack_.flow_count() <= limits().max_flows);
        }
        now_ = now_ + 3600s;
        for (int i = 0; i < 64; ++i) {
            stack_.handle_time(now_);
            take_events();
            drain();
            now_ = now_ + 100s;
        }
    }

private:
    static Limits limits()
    {
        Limits limits;
        limits.max_flows = kMostFlows;
        limits.max_half_open = 4;
        limits.receive_ring = limits.send_ring = 20'000;
        limits.total_buffer_bytes = 300'000;
        return limits;
    }

    std::uint8_t byte()
    {
        auto const value = in_.u8();
        return value.ok() ? *value : std::uint8_t{0};
    }

    void do_step(std::uint8_t kind)
    {
        switch (kind % 8) {
        case 0: return raw_packet();
        case 1:
        case 2:
        case 3: return segment();
        case 4: return command(byte());
        case 5: return write(byte());
        case 6:
            now_ = now_ + std::chrono::milliseconds(byte() * 20);
            return stack_.handle_time(now_);
        default: return read();
        }
    }

    void raw_packet()
    {
        std::size_t const size = std::size_t{byte()} * 4;
        Bytes const rest = in_.rest();
        auto const packet = in_.take(std::min(size, rest.size()));
        stack_.handle_packet(*packet, now_);
    }

    // A segment whose numbers lie near the connection's own.
    void segment()
    {
        unsigned const which = byte() % 4;
        auto const near_sequence = static_cast<std::int8_t>(byte());
        auto const near_ack = static_cast<std::int8_t>(byte());
        bool const is_v4 = which % 2 == 0;
        IpAddress const source = *IpAddress::parse(is_v4 ? "10.0.2.15" : "fd00::15");
        IpAddress const destination = *IpAddress::parse(is_v4 ? "10.0.2.2" : "2001:db8::1");
        wire::TcpHeader header;
        header.source_port = static_cast<std::uint16_t>(1000 + which);
        header.destination_port = which < 2 ? 53 : 443;
        header.sequence = their_next_[which] + static_cast<std::uint32_t>(near_sequence * 100);
        header.acknowledgement = our_next_[which] + static_cast<std::uint32_t>(near_ack);
        header.flags = byte();
        header.window = static_cast<std::uint16_t>(byte() << 5);
        std::size_t const size = std::size_t{byte()} * 64;
        if ((header.flags & wire::kSyn) != 0)
            their_next_[which] = header.sequence + 1;
        PacketOut out;
        put_tcp_packet(out, {source, destination}, {header, size, 65535});
        std::vector<std::byte> packet(
            out.header.begin(), out.header.begin() + static_cast<std::ptrdiff_t>(out.header_size));
        packet.resize(packet.size() + size, std::byte{0x41});
        stack_.handle_packet(packet, now_);
    }

    FlowId chosen() { return flows_.empty() ? 0 : flows_[byte() % flows_.size()]; }

    void command(std::uint8_t what)
    {
        FlowId const flow = chosen();
        switch (what % 6) {
        case 0: return stack_.accept(flow, now_);
        case 1: return stack_.refuse(flow);
        case 2: return stack_.refuse(flow, static_cast<Unreachable>(byte() % 4));
        case 3: return stack_.reset(flow);
        case 4: return stack_.finish(flow);
        default: return stack_.accept(flow, now_);
        }
    }

    void write(std::uint8_t amount)
    {
        FlowId const flow = chosen();
        MutableBytes const space = stack_.send_space(flow);
        std::size_t const count = std::min<std::size_t>(space.size(), amount * 64u);
        std::fill_n(space.begin(), count, std::byte{0x42});
        stack_.commit(flow, count);
        OSH_CHECK(stack_.unsent(flow) <= limits().send_ring);
    }

    void read()
    {
        FlowId const flow = chosen();
        Bytes const part = stack_.received(flow);
        stack_.consume(flow, std::min<std::size_t>(part.size(), byte() * 128u));
    }

    void take_events()
    {
        for (Event const& event : stack_.take_events()) {
            if (auto const* opened = std::get_if<TcpOpened>(&event))
                flows_.push_back(opened->flow);
            else if (auto const* closed = std::get_if<TcpClosed>(&event))
                std::erase(flows_, closed->flow);
            else if (auto const* asked = std::get_if<DnsAsked>(&event))
                stack_.answer_dns(asked->question, static_cast<DnsReply>(asked->type % 5),
                    *IpAddress::parse("198.18.0.1"), 1);
            else if (auto const* datagram = std::get_if<UdpReceived>(&event))
                stack_.send_udp(datagram->tuple, datagram->payload);
        }
    }

    void drain()
    {
        PacketOut out;
        for (int count = 0; stack_.next_packet(out, now_); ++count) {
            OSH_CHECK(count < 4096);
            std::vector<std::byte> packet(out.header.begin(),
                out.header.begin() + static_cast<std::ptrdiff_t>(out.header_size));
            for (Bytes const part : out.payload)
                packet.insert(packet.end(), part.begin(), part.end());
            look_at(packet);
        }
    }

    void look_at(Bytes packet)
    {
        OSH_CHECK(wire::parse_virtio_net(packet).has_value());
        auto const ip = wire::parse_ip(packet.subspan(wire::kVirtioNetHeaderSize));
        OSH_CHECK(ip.has_value());
        if (ip->protocol != wire::kProtocolTcp)
            return;
        auto const tcp = wire::parse_tcp(ip->payload);
        OSH_CHECK(tcp.has_value());
        unsigned const which = (tcp->destination_port - 1000u) % 4;
        our_next_[which] = tcp->sequence + static_cast<std::uint32_t>(tcp->payload.size())
                           + (tcp->has(wire::kSyn) || tcp->has(wire::kFin) ? 1 : 0);
        if (tcp->has(wire::kAck))
            their_next_[which] = tcp->acknowledgement;
    }

    ByteReader in_;
    Instant now_{1};
    Stack stack_;
    std::vector<FlowId> flows_;
    std::array<std::uint32_t, 4> our_next_{}, their_next_{};
};

} // namespace
} // namespace osh::netproxy::stack

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    osh::netproxy::stack::Machine(std::as_bytes(std::span(data, size))).run();
    return 0;
}
