// What is let in at all, and what is only counted.

#include "tests/netproxy/stack/agent.h"

#include "netproxy/wire/icmp.h"

#include <gmock/gmock.h>

namespace osh::netproxy::stack::test
{
namespace
{

Packet datagram(std::string_view from, std::string_view to, std::uint16_t port,
    std::string_view payload, std::uint16_t source_port = 5000)
{
    Replies::Reply reply;
    reply.payload.assign(bytes_of(payload).begin(), bytes_of(payload).end());
    put_udp_packet(reply, {ip(from), ip(to)}, source_port, port);
    reply.head.payload[0] = reply.payload;
    return joined(reply.head);
}

struct Case {
    char const* what;
    Packet packet;
    std::uint64_t Drops::*counter;
};

Packet changed(Packet packet, std::size_t at, unsigned value)
{
    wire::put8(packet, wire::kVirtioNetHeaderSize + at, value);
    if (packet[wire::kVirtioNetHeaderSize] == std::byte{0x45}) { // its header sum again
        MutableBytes const header = MutableBytes(packet).subspan(wire::kVirtioNetHeaderSize, 20);
        wire::put16(header, 10, 0);
        wire::put16(header, 10, static_cast<std::uint16_t>(~wire::sum16(header)));
    }
    return packet;
}

TEST(Ingress, DropsAndCountsWhatTheLinkHasNoUseFor)
{
    Packet const v4 = datagram("10.0.2.15", "192.0.2.1", 9, "x");
    Packet const v6 = datagram("fd00::15", "2001:db8::1", 9, "x");
    Packet options = changed(v4, 0, 0x46);
    Packet broken_sum = v4;
    wire::put16(broken_sum, wire::kVirtioNetHeaderSize + 10, 0);
    std::vector<Case> const cases{
        {"shorter than the offload header", Packet(9), &Drops::malformed},
        {"no IP header", Packet(20), &Drops::malformed},
        {"IP version 5", changed(v4, 0, 0x55), &Drops::malformed},
        {"a total length beyond the packet", changed(v4, 3, 200), &Drops::malformed},
        {"a wrong header checksum", broken_sum, &Drops::malformed},
        {"a UDP length that disagrees", changed(v4, 25, 8), &Drops::malformed},
        {"IP options", options, &Drops::options},
        {"a first fragment", changed(v4, 6, 0x20), &Drops::fragments},
        {"a later fragment", changed(v4, 7, 0x10), &Drops::fragments},
        {"an IPv6 fragment", changed(v6, 6, 44), &Drops::fragments},
        {"hop-by-hop options", changed(v6, 6, 0), &Drops::options},
        {"a routing header", changed(v6, 6, 43), &Drops::options},
        {"an IPv4-mapped destination", datagram("fd00::15", "fd00::15", 9, "x"),
            &Drops::not_unicast},
        {"another's source", datagram("10.0.2.16", "192.0.2.1", 9, "x"), &Drops::foreign_source},
        {"the gateway's source", datagram("10.0.2.2", "192.0.2.1", 9, "x"), &Drops::foreign_source},
        {"another's IPv6 source", datagram("fd00::16", "2001:db8::1", 9, "x"),
            &Drops::foreign_source},
        {"multicast", datagram("10.0.2.15", "224.0.0.251", 5353, "x"), &Drops::not_unicast},
        {"broadcast", datagram("10.0.2.15", "255.255.255.255", 67, "x"), &Drops::not_unicast},
        {"loopback", datagram("10.0.2.15", "127.0.0.1", 9, "x"), &Drops::not_unicast},
        {"IPv6 multicast", datagram("fd00::15", "ff02::fb", 5353, "x"), &Drops::not_unicast},
        {"IPv6 loopback", datagram("fd00::15", "::1", 9, "x"), &Drops::not_unicast},
        {"SCTP", changed(v4, 9, 132), &Drops::unknown_protocol},
        {"ICMPv6 in IPv4", changed(v4, 9, 58), &Drops::unknown_protocol},
        {"port 0", datagram("10.0.2.15", "192.0.2.1", 0, "x"), &Drops::malformed},
    };
    for (Case const& one : cases) {
        SCOPED_TRACE(one.what);
        Agent agent;
        agent.stack.handle_packet(one.packet, agent.now);
        EXPECT_EQ(agent.stack.drops().*one.counter, 1u);
        EXPECT_TRUE(agent.stack.take_events().empty());
        EXPECT_TRUE(agent.drain().empty());
    }
}

TEST(Ingress, AnIpv4MappedAddressInAnIpv6HeaderIsNotThatIpv4Address)
{
    Packet packet = datagram("fd00::15", "2001:db8::1", 9, "x");
    auto const mapped = ip("192.0.2.1").bytes();
    wire::put_bytes(packet, wire::kVirtioNetHeaderSize + 24, std::as_bytes(std::span(mapped)));
    Agent agent;
    agent.stack.handle_packet(packet, agent.now);
    EXPECT_EQ(agent.stack.drops().malformed, 1u);
    EXPECT_TRUE(agent.stack.take_events().empty());
}

TEST(Ingress, ChecksTheChecksumThatTheKernelDoesNotWaive)
{
    Packet packet = datagram("10.0.2.15", "192.0.2.1", 9, "abc");
    packet[0] = std::byte{0}; // the header waives nothing; the field holds half a sum
    Agent agent;
    agent.stack.handle_packet(packet, agent.now);
    EXPECT_EQ(agent.stack.drops().malformed, 1u);
    MutableBytes const udp = MutableBytes(packet).subspan(wire::kVirtioNetHeaderSize + 20);
    wire::put16(udp, 6, 0);
    wire::put16(udp, 6,
        static_cast<std::uint16_t>(
            ~wire::sum16(udp, wire::pseudo_header_sum({ip("10.0.2.15"), ip("192.0.2.1"),
                                  wire::kProtocolUdp, static_cast<std::uint32_t>(udp.size())}))));
    agent.stack.handle_packet(packet, agent.now);
    EXPECT_EQ(agent.take<UdpReceived>().size(), 1u);
}

TEST(Udp, IsHandedOutAndAnsweredFromTheAddressThatWasAsked)
{
    Agent agent;
    agent.stack.handle_packet(datagram("10.0.2.15", "192.0.2.1", 123, "time?"), agent.now);
    auto const received = agent.take<UdpReceived>();
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(text_of(received[0].payload), "time?");
    agent.stack.send_udp(received[0].tuple, bytes_of("now"));
    auto const seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].ip.source, ip("192.0.2.1"));
    EXPECT_EQ(seen[0].ip.destination, ip("10.0.2.15"));
    EXPECT_EQ(seen[0].udp->source_port, 123);
    EXPECT_EQ(seen[0].payload, "now");
    EXPECT_TRUE(seen[0].offload.needs_checksum);
}

TEST(Udp, SaysWhetherItMayBeCutOnItsWay)
{
    Packet const whole = datagram("10.0.2.15", "192.0.2.1", 9, "x"); // as ours: "don't fragment"
    Agent agent;
    agent.stack.handle_packet(whole, agent.now);
    agent.stack.handle_packet(changed(whole, 6, 0), agent.now);
    agent.stack.handle_packet(datagram("fd00::15", "2001:db8::1", 9, "x"), agent.now);
    auto const received = agent.take<UdpReceived>();
    ASSERT_EQ(received.size(), 3u);
    EXPECT_EQ(received[0].fragments, Fragments::Never);
    EXPECT_EQ(received[1].fragments, Fragments::Allowed);
    EXPECT_EQ(received[2].fragments, Fragments::Allowed); // IPv6 cannot say
}

TEST(Udp, ASuperPacketIsManyDatagrams)
{
    Packet packet = datagram("10.0.2.15", "192.0.2.1", 443, "aaaabbbbcc");
    wire::put_virtio_net(packet,
        {.needs_checksum = true, .segmentation = wire::Segmentation::Udp, .segment_size = 4});
    Agent agent;
    agent.stack.handle_packet(packet, agent.now);
    auto const received = agent.take<UdpReceived>();
    ASSERT_EQ(received.size(), 3u);
    EXPECT_EQ(text_of(received[2].payload), "cc");
}

TEST(Udp, AnEmptyDatagramIsOne)
{
    Agent agent;
    agent.stack.handle_packet(datagram("10.0.2.15", "192.0.2.1", 9, ""), agent.now);
    EXPECT_EQ(agent.take<UdpReceived>().size(), 1u);
}

TEST(Udp, ARefusalQuotesTheDatagram)
{
    for (auto const& [from, to, size] : {std::tuple{"10.0.2.15", "192.0.2.1", 8u + 20 + 8},
             {"fd00::15", "2001:db8::1", 8u + 40 + 8}}) {
        Agent agent;
        agent.stack.handle_packet(datagram(from, to, 443, "quic"), agent.now);
        agent.stack.refuse_udp(agent.take<UdpReceived>().at(0).tuple, Unreachable::Port);
        auto const seen = agent.drain();
        ASSERT_EQ(seen.size(), 1u);
        EXPECT_EQ(seen[0].payload.size(), size);
        auto const quoted = wire::parse_ip(seen[0].ip.payload.subspan(8));
        ASSERT_TRUE(quoted.has_value());
        EXPECT_EQ(quoted->source, ip(from));
        EXPECT_EQ(quoted->destination, ip(to));
        EXPECT_EQ(wire::get16(quoted->payload, 2), 443);
    }
}

TEST(Ping, IsAnsweredAtTheGatewayOnly)
{
    for (auto const& [from, gateway, other] : {std::tuple{"10.0.2.15", "10.0.2.2", "192.0.2.1"},
             {"fd00::15", "fd00::2", "2001:db8::1"}}) {
        bool const is_v4 = ip(from).is_v4();
        for (char const* to : {gateway, other}) {
            Replies::Reply request;
            std::string const text =
                std::string(is_v4 ? "\x08\0\0\0" : "\x80\0\0\0", 4) + "idseqabc";
            request.payload.assign(bytes_of(text).begin(), bytes_of(text).end());
            put_icmp_packet(request, {ip(from), ip(to)});
            request.head.payload[0] = request.payload;
            Agent agent;
            agent.stack.handle_packet(joined(request.head), agent.now);
            auto const seen = agent.drain();
            ASSERT_EQ(seen.size(), 1u);
            if (to == gateway) {
                EXPECT_EQ(seen[0].payload[0], is_v4 ? '\x00' : '\x81');
                EXPECT_EQ(seen[0].payload.substr(4), "idseqabc");
            } else { // destination unreachable, prohibited: at once, and nothing of it is echoed
                EXPECT_EQ(seen[0].payload[0], is_v4 ? '\x03' : '\x01');
                EXPECT_EQ(seen[0].payload[1], is_v4 ? '\x0d' : '\x01');
                EXPECT_EQ(seen[0].payload.find("abc"), std::string::npos);
            }
        }
    }
}

} // namespace
} // namespace osh::netproxy::stack::test
