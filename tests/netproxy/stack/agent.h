#pragma once
// The other end of the tun in playbooks: writes packets as the sandbox's kernel would and reads
// what the stack answers.

#include "netproxy/stack/packet.h"
#include "netproxy/stack/stack.h"
#include "netproxy/wire/checksum.h"
#include "netproxy/wire/fields.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/tcp.h"
#include "netproxy/wire/udp.h"
#include "netproxy/wire/virtio_net.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace osh::netproxy::stack::test
{

using Packet = std::vector<std::byte>;

inline IpAddress ip(std::string_view text)
{
    return *IpAddress::parse(text);
}

inline Addresses addresses()
{
    return {ip("10.0.2.2"), ip("fd00::2"), ip("10.0.2.15"), ip("fd00::15")};
}

inline Packet joined(PacketOut const& out)
{
    Packet packet(out.header.begin(), out.header.begin() + static_cast<long>(out.header_size));
    for (Bytes const part : out.payload)
        packet.insert(packet.end(), part.begin(), part.end());
    return packet;
}

struct Segment { // a TCP segment with its payload's bytes
    std::uint16_t source_port = 40000, destination_port = 443;
    std::uint32_t sequence = 0, acknowledgement = 0;
    std::uint8_t flags = 0;
    std::uint32_t window = 65535; // as written
    std::string payload;
    Packet options;
};

inline Packet to_packet(IpAddress const& from, IpAddress const& to, Segment const& segment)
{
    Packet packet(wire::kVirtioNetHeaderSize + 40 + 20 + segment.options.size());
    PacketOut out;
    TcpOut tcp;
    tcp.header = {segment.source_port, segment.destination_port, segment.sequence,
        segment.acknowledgement, segment.flags, static_cast<std::uint16_t>(segment.window), 0,
        segment.options};
    tcp.payload_size = segment.payload.size();
    tcp.segment_size = 65535;
    put_tcp_packet(out, {from, to}, tcp);
    out.payload[0] = bytes_of(segment.payload);
    return joined(out);
}

// What came out, taken apart. Checks on the way that all sizes and header sums agree.
struct Seen {
    wire::IpPacket ip;
    Packet bytes; // keeps what `ip` and `tcp` point into
    wire::VirtioNetHeader offload;
    std::optional<wire::TcpSegment> tcp;
    std::optional<wire::UdpDatagram> udp;
    std::string payload;
};

inline Seen read_packet(Packet bytes)
{
    Seen seen;
    seen.bytes = std::move(bytes);
    seen.offload = *wire::parse_virtio_net(seen.bytes);
    auto const parsed = wire::parse_ip(Bytes(seen.bytes).subspan(wire::kVirtioNetHeaderSize));
    EXPECT_TRUE(parsed.has_value());
    if (!parsed)
        return seen;
    seen.ip = *parsed;
    if (seen.ip.protocol == wire::kProtocolTcp) {
        seen.tcp = wire::parse_tcp(seen.ip.payload);
        seen.payload = text_of(seen.tcp->payload);
    } else if (seen.ip.protocol == wire::kProtocolUdp) {
        seen.udp = wire::parse_udp(seen.ip.payload);
        seen.payload = text_of(seen.udp->payload);
    } else {
        seen.payload = text_of(seen.ip.payload);
    }
    return seen;
}

// "SA seq=1000 ack=1 len=0" relative to two bases: playbooks compare such lines.
inline std::string line_of(Seen const& seen, std::uint32_t ours, std::uint32_t theirs)
{
    if (!seen.tcp)
        return "not tcp";
    std::string text;
    auto const& tcp = *seen.tcp;
    for (auto const& [flag, letter] : {std::pair{wire::kSyn, 'S'}, {wire::kFin, 'F'},
             {wire::kRst, 'R'}, {wire::kPsh, 'P'}, {wire::kAck, 'A'}}) {
        if (tcp.has(flag))
            text.push_back(letter);
    }
    text += " seq=" + std::to_string(tcp.sequence - ours);
    if (tcp.has(wire::kAck))
        text += " ack=" + std::to_string(tcp.acknowledgement - theirs);
    text += " len=" + std::to_string(tcp.payload.size());
    return text;
}

class Agent // one connection's side of the playbook
{
public:
    explicit Agent(Limits const& limits = {}, std::string_view to = "192.0.2.1")
        : stack(addresses(), limits, 1), destination(ip(to)),
          source(destination.is_v4() ? addresses().agent_v4 : addresses().agent_v6)
    {
    }

    void send(Segment segment)
    {
        segment.sequence += kFirst;
        if ((segment.flags & wire::kAck) != 0)
            segment.acknowledgement += first_of_stack;
        segment.source_port = port;
        stack.handle_packet(to_packet(source, destination, segment), now);
    }

    static Packet syn_options() // MSS 65460, window scale 7, SACK permitted
    {
        Packet options(12);
        wire::put32(options, 0, 0x020400b4 | 0xff00);
        wire::put32(options, 4, 0x01030307);
        wire::put32(options, 8, 0x01010402);
        return options;
    }

    void syn() { send({.flags = wire::kSyn, .options = syn_options()}); }

    std::vector<Seen> drain()
    {
        std::vector<Seen> all;
        PacketOut out;
        while (stack.next_packet(out, now)) {
            all.push_back(read_packet(joined(out)));
            EXPECT_LT(all.size(), 10000u);
        }
        return all;
    }

    std::vector<std::string> lines()
    {
        std::vector<std::string> all;
        for (Seen const& seen : drain()) {
            if (seen.tcp && seen.tcp->has(wire::kSyn))
                first_of_stack = seen.tcp->sequence;
            all.push_back(line_of(seen, first_of_stack, kFirst));
        }
        return all;
    }

    template<typename T>
    std::vector<T> take()
    {
        std::vector<T> found;
        for (auto const& event : stack.take_events()) {
            if (auto const* one = std::get_if<T>(&event))
                found.push_back(*one);
        }
        return found;
    }

    // SYN, accept, SYN-ACK, ACK.
    FlowId connect()
    {
        syn();
        auto const opened = take<TcpOpened>();
        EXPECT_EQ(opened.size(), 1u);
        stack.accept(opened.at(0).flow, now);
        lines();
        send({.sequence = 1, .acknowledgement = 1, .flags = wire::kAck, .window = 512});
        EXPECT_EQ(take<TcpWritable>().size(), 1u);
        return opened.at(0).flow;
    }

    void write(FlowId flow, std::string_view text)
    {
        while (!text.empty()) {
            auto const space = stack.send_space(flow);
            ASSERT_FALSE(space.empty());
            auto const count = std::min(space.size(), text.size());
            std::ranges::copy(bytes_of(text.substr(0, count)), space.begin());
            stack.commit(flow, count);
            text.remove_prefix(count);
        }
    }

    std::string read(FlowId flow)
    {
        std::string text;
        for (Bytes part = stack.received(flow); !part.empty(); part = stack.received(flow)) {
            text += text_of(part);
            stack.consume(flow, part.size());
        }
        return text;
    }

    void pass(Duration time)
    {
        now = now + time;
        stack.handle_time(now);
    }

    static constexpr std::uint32_t kFirst = 1000;
    Instant now{1'000'000'000};
    Stack stack;
    IpAddress destination, source;
    std::uint16_t port = 40000;
    std::uint32_t first_of_stack = 0;
};

} // namespace osh::netproxy::stack::test
