// What the stack itself costs, without a kernel: packets and commands in, packets and events out.
// Each figure is one turn of the loop that the shell runs.

#include "netproxy/stack/packet.h"
#include "netproxy/stack/stack.h"
#include "netproxy/wire/fields.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/tcp.h"
#include "netproxy/wire/virtio_net.h"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace osh::netproxy::stack
{
namespace
{

constexpr std::size_t kHeaders = wire::kVirtioNetHeaderSize + 40;

IpAddress ip(char const* text)
{
    return *IpAddress::parse(text);
}

// One connection of the agent's kernel, with packets made once and patched.
class Peer
{
public:
    explicit Peer(Stack& stack, std::uint16_t port) : stack_(stack), port_(port)
    {
        send(wire::kSyn, 0);
        for (Event const& event : stack_.take_events()) {
            if (auto const* opened = std::get_if<TcpOpened>(&event))
                flow = opened->flow;
        }
        sequence_ += 1;
        stack_.accept(flow, now);
        drain();
        send(wire::kAck, 0);
        stack_.take_events();
    }

    void send(std::uint8_t flags, std::size_t size)
    {
        PacketOut out;
        TcpOut tcp;
        tcp.header = {port_, 443, sequence_, acknowledged, flags, 65535, 0, kOptions};
        if ((flags & wire::kSyn) == 0)
            tcp.header.options = {};
        tcp.payload_size = size;
        tcp.segment_size = 65535;
        put_tcp_packet(out, {source_, destination_}, tcp);
        std::copy_n(out.header.begin(), out.header_size, packet_.begin());
        stack_.handle_packet(Bytes(packet_).first(out.header_size + size), now);
        sequence_ += static_cast<std::uint32_t>(size);
    }

    void drain()
    {
        PacketOut out;
        while (stack_.next_packet(out, now)) {
            Bytes const tcp =
                Bytes(out.header).subspan(wire::kVirtioNetHeaderSize + wire::kIpv4HeaderSize);
            std::size_t const size = out.payload[0].size() + out.payload[1].size();
            acknowledged = wire::get32(tcp, 4) + static_cast<std::uint32_t>(size)
                           + ((wire::get8(tcp, 13) & (wire::kSyn | wire::kFin)) != 0 ? 1 : 0);
        }
    }

    void close()
    {
        send(wire::kAck | wire::kFin, 0);
        sequence_ += 1;
        stack_.finish(flow);
        drain();
        send(wire::kAck, 0);
    }

    FlowId flow = 0;
    Instant now{1'000'000'000};
    std::uint32_t acknowledged = 0;

private:
    static constexpr std::array<std::byte, 8> kOptions{std::byte{2}, std::byte{4}, std::byte{0xff},
        std::byte{0xb4}, std::byte{1}, std::byte{3}, std::byte{3}, std::byte{7}};

    Stack& stack_;
    std::uint16_t port_;
    std::uint32_t sequence_ = 1000;
    IpAddress source_ = ip("10.0.2.15"), destination_ = ip("192.0.2.1");
    std::vector<std::byte> packet_ = std::vector<std::byte>(70'000);
};

Stack fresh_stack()
{
    return Stack({ip("10.0.2.2"), ip("fd00::2"), ip("10.0.2.15"), ip("fd00::15")}, {}, 7);
}

void upload(benchmark::State& state)
{
    auto const size = static_cast<std::size_t>(state.range(0));
    Stack stack = fresh_stack();
    Peer peer(stack, 1000);
    std::vector<Event> events;
    for (auto _ : state) {
        peer.send(wire::kAck, size);
        stack.take_events(events);
        stack.consume(peer.flow, stack.received(peer.flow).size());
        stack.consume(peer.flow, stack.received(peer.flow).size());
        peer.drain();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(upload)->Arg(1)->Arg(1400)->Arg(65'000);

void download(benchmark::State& state)
{
    auto const size = static_cast<std::size_t>(state.range(0));
    Stack stack = fresh_stack();
    Peer peer(stack, 1000);
    std::vector<Event> events;
    for (auto _ : state) {
        for (std::size_t left = size; left > 0;) {
            std::size_t const part = std::min(left, stack.send_space(peer.flow).size());
            stack.commit(peer.flow, part);
            left -= part;
        }
        peer.drain();
        peer.send(wire::kAck, 0);
        stack.take_events(events);
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(download)->Arg(1)->Arg(1400)->Arg(65'000);

void connect_and_close(benchmark::State& state)
{
    Stack stack = fresh_stack();
    std::uint16_t port = 1000;
    for (auto _ : state) {
        Peer peer(stack, ++port == 0 ? ++port : port);
        peer.close();
        stack.take_events();
    }
}
BENCHMARK(connect_and_close);

void idle_flow_memory(benchmark::State& state)
{
    for (auto _ : state) {
        Limits limits;
        limits.max_flows_per_destination = 16384;
        Stack stack({ip("10.0.2.2"), ip("fd00::2"), ip("10.0.2.15"), ip("fd00::15")}, limits, 7);
        for (std::uint16_t i = 0; i < 10'000; ++i)
            Peer(stack, static_cast<std::uint16_t>(1000 + i));
        benchmark::DoNotOptimize(stack.flow_count());
    }
}
BENCHMARK(idle_flow_memory)->Iterations(1)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace osh::netproxy::stack

BENCHMARK_MAIN();
