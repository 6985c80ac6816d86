// The stack against a small TCP written for this test, over a link that loses, doubles, delays and
// cuts packets, over IPv4 and IPv6. The model shares no code with the stack but the wire format: it
// sends go-back-N and takes bytes in order only, so whatever arrives twice, late or never is the
// stack's to mend. Time is the test's own: nothing sleeps.

#include "tests/netproxy/stack/agent.h"

#include <algorithm>
#include <deque>
#include <random>

namespace osh::netproxy::stack::test
{
namespace
{

constexpr std::size_t kStream = 150'000; // bytes each way
constexpr std::size_t kModelSegment = 1400;
constexpr std::uint32_t kModelWindow = 64 * 1024;
constexpr int kMostSteps = 600'000; // of a millisecond each

struct Faults { // per thousand packets
    unsigned lost = 0, doubled = 0, delayed = 0, cut = 0;
};

std::int32_t ahead(std::uint32_t from, std::uint32_t to)
{
    return static_cast<std::int32_t>(to - from);
}

std::string stream_of(std::uint64_t seed)
{
    std::minstd_rand random(static_cast<unsigned>(seed));
    std::string text(kStream, '\0');
    for (char& byte : text)
        byte = static_cast<char>(random());
    return text;
}

class FaultyLink
{
public:
    FaultyLink(Faults faults, std::uint64_t seed)
        : faults_(faults), random_(static_cast<unsigned>(seed))
    {
    }

    void put(Packet packet, int step)
    {
        if (happens(faults_.lost))
            return;
        if (happens(faults_.cut))
            packet.resize(random_() % packet.size());
        if (happens(faults_.doubled))
            queue_.push_back({step + 1 + static_cast<int>(random_() % 5), packet});
        int const delay = happens(faults_.delayed) ? static_cast<int>(random_() % 30) : 0;
        queue_.push_back({step + 1 + delay, std::move(packet)});
    }

    std::optional<Packet> take(int step)
    {
        for (auto at = queue_.begin(); at != queue_.end(); ++at) {
            if (at->due > step)
                continue;
            Packet packet = std::move(at->packet);
            queue_.erase(at);
            return packet;
        }
        return std::nullopt;
    }

private:
    struct Travelling {
        int due;
        Packet packet;
    };
    bool happens(unsigned per_thousand) { return random_() % 1000 < per_thousand; }

    Faults faults_;
    std::minstd_rand random_;
    std::deque<Travelling> queue_;
};

// The agent's side: an active opener that uploads, half-closes, and takes what comes.
class Model
{
public:
    Model(std::string stream, std::uint32_t first)
        : out_(std::move(stream)), first_(first), unacked_(first), next_(first)
    {
    }

    // What it says in this millisecond, handed to say(Segment).
    template<typename Say>
    void step(int step, Say&& say)
    {
        if (step - last_progress_ >= kTimeout && unacked_ != end()) {
            next_ = unacked_;
            last_progress_ = step;
            window_ = std::max(window_, 1u); // a closed window is probed: its opening may be lost
        }
        if (!is_open_) {
            if (next_ == first_) {
                say(Segment{.sequence = first_, .flags = wire::kSyn, .options = options()});
                ++next_;
            }
            return;
        }
        bool has_said = false;
        while (ahead(next_, data_end()) > 0 && next_ - unacked_ < window_) {
            std::size_t const at = next_ - first_ - 1;
            auto const part = out_.substr(at, std::min<std::size_t>(kModelSegment, window_));
            say(segment(next_, wire::kAck, part));
            next_ += static_cast<std::uint32_t>(part.size());
            has_said = true;
        }
        if (next_ == data_end()) {
            say(segment(next_++, wire::kAck | wire::kFin, {}));
            has_said = true;
        }
        if (owes_ack_ && !has_said)
            say(segment(next_, wire::kAck, {}));
        owes_ack_ = false;
    }

    void take(wire::TcpSegment const& tcp, int step)
    {
        was_reset_ = was_reset_ || tcp.has(wire::kRst);
        if (tcp.has(wire::kSyn)) {
            auto const offer = wire::parse_syn_options(tcp.options);
            shift_ = offer.window_shift.value_or(0);
            window_ = tcp.window;
            received_next_ = tcp.sequence + 1;
            is_open_ = true;
            take_ack(tcp.acknowledgement, step);
            owes_ack_ = true;
            return;
        }
        if (!is_open_)
            return;
        window_ = static_cast<std::uint32_t>(tcp.window) << shift_;
        take_ack(tcp.acknowledgement, step);
        take_bytes(tcp);
    }

    std::string const& received() const { return in_; }
    bool is_done() const { return has_fin_ && unacked_ == end(); }
    bool was_reset() const { return was_reset_; }

private:
    static constexpr int kTimeout = 250;

    static Packet options() // MSS 1400, window scale 0
    {
        Packet bytes(8);
        wire::put32(bytes, 0, 0x02040000 | kModelSegment);
        wire::put32(bytes, 4, 0x01030300);
        return bytes;
    }
    std::uint32_t data_end() const { return first_ + 1 + static_cast<std::uint32_t>(out_.size()); }
    std::uint32_t end() const { return data_end() + 1; }
    Segment segment(std::uint32_t sequence, int flags, std::string payload) const
    {
        return {.sequence = sequence,
            .acknowledgement = received_next_,
            .flags = static_cast<std::uint8_t>(flags),
            .window = kModelWindow - 1,
            .payload = std::move(payload)};
    }
    void take_ack(std::uint32_t ack, int step)
    {
        if (ahead(unacked_, ack) <= 0 || ahead(ack, end()) < 0)
            return;
        unacked_ = ack;
        if (ahead(next_, ack) > 0)
            next_ = ack;
        last_progress_ = step;
    }
    void take_bytes(wire::TcpSegment const& tcp)
    {
        bool const says_something = !tcp.payload.empty() || tcp.has(wire::kFin);
        // An empty segment with an old number is a probe: it wants an answer too.
        owes_ack_ = owes_ack_ || says_something || tcp.sequence != received_next_;
        auto const old = ahead(tcp.sequence, received_next_);
        if (old < 0 || old > static_cast<std::int32_t>(tcp.payload.size()) || has_fin_)
            return;
        in_ += text_of(tcp.payload.subspan(static_cast<std::size_t>(old)));
        received_next_ = tcp.sequence + static_cast<std::uint32_t>(tcp.payload.size());
        if (tcp.has(wire::kFin)) {
            has_fin_ = true;
            ++received_next_;
        }
    }

    std::string out_, in_;
    std::uint32_t first_, unacked_, next_;
    std::uint32_t received_next_ = 0, window_ = 1;
    std::uint8_t shift_ = 0;
    int last_progress_ = 0;
    bool is_open_ = false, owes_ack_ = false, has_fin_ = false, was_reset_ = false;
};

struct World {
    World(Faults faults, std::uint64_t seed, char const* server)
        : destination(ip(server)), random(static_cast<unsigned>(seed)), up(faults, seed * 3 + 1),
          down(faults, seed * 5 + 2), upload(stream_of(seed)), download(stream_of(seed + 1)),
          model(upload, 0xffff'0000u + static_cast<std::uint32_t>(seed)),
          stack(addresses(), limits(), seed)
    {
    }

    static Limits limits()
    {
        Limits limits;
        limits.receive_ring = limits.send_ring = 32 * 1024;
        return limits;
    }

    // The packet as the model's kernel would take it: nothing, where it was cut.
    static std::optional<Seen> whole(Packet packet)
    {
        if (packet.size() < wire::kVirtioNetHeaderSize)
            return std::nullopt;
        auto const parsed = wire::parse_ip(Bytes(packet).subspan(wire::kVirtioNetHeaderSize));
        if (!parsed)
            return std::nullopt;
        return read_packet(std::move(packet));
    }

    void application()
    {
        for (Event const& event : stack.take_events()) {
            if (auto const* opened = std::get_if<TcpOpened>(&event)) {
                flow = opened->flow;
                stack.accept(flow, now);
            } else if (std::holds_alternative<TcpClosed>(event)) {
                is_closed = true;
            }
        }
        if (random() % 4 == 0)
            return; // a slow one
        Bytes const in = stack.received(flow);
        std::size_t const taken = std::min<std::size_t>(in.size(), random() % 9000);
        received += text_of(in.first(taken));
        stack.consume(flow, taken);
        auto const space = stack.send_space(flow);
        auto const count = std::min({space.size(), download.size() - sent, random() % 9000ul});
        std::copy_n(
            reinterpret_cast<std::byte const*>(download.data()) + sent, count, space.data());
        sent += count;
        stack.commit(flow, count);
        EXPECT_LE(stack.unsent(flow), limits().send_ring);
        if (sent == download.size())
            stack.finish(flow);
    }

    void step(int number)
    {
        now = now + 1ms;
        model.step(number, [&](Segment const& segment) {
            up.put(to_packet(destination.is_v4() ? addresses().agent_v4 : addresses().agent_v6,
                       destination, segment),
                number);
        });
        while (auto packet = up.take(number))
            stack.handle_packet(*packet, now);
        stack.handle_time(now);
        application();
        PacketOut out;
        while (stack.next_packet(out, now))
            down.put(joined(out), number);
        while (auto packet = down.take(number)) {
            auto const seen = whole(std::move(*packet));
            if (seen && seen->tcp)
                model.take(*seen->tcp, number);
        }
    }

    bool is_over() const { return model.is_done() && received.size() == upload.size(); }

    IpAddress destination;
    std::minstd_rand random;
    FaultyLink up, down;
    std::string upload, download, received;
    Model model;
    Stack stack;
    Instant now{1'000'000'000};
    FlowId flow = 0;
    std::size_t sent = 0;
    bool is_closed = false;
};

void expect_streams_arrive(Faults faults, std::uint64_t seed)
{
    SCOPED_TRACE(seed);
    World world(faults, seed, seed % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
    int step = 0;
    while (!world.is_over() && step < kMostSteps && !world.model.was_reset())
        world.step(++step);
    EXPECT_TRUE(world.is_over()) << step << " ms, got " << world.received.size() << " and "
                                 << world.model.received().size();
    EXPECT_EQ(world.received == world.upload, true);
    EXPECT_EQ(world.model.received() == world.download, true);
    for (int i = 0; i < 200'000 && world.stack.flow_count() > 0; ++i)
        world.step(++step);
    EXPECT_EQ(world.stack.flow_count(), 0u);
}

} // namespace

TEST(TcpModel, StreamsArriveOverAQuietLink)
{
    for (std::uint64_t seed = 1; seed < 3; ++seed)
        expect_streams_arrive({}, seed);
}

TEST(TcpModel, StreamsArriveThroughLoss)
{
    for (std::uint64_t seed = 10; seed < 18; ++seed)
        expect_streams_arrive({.lost = 50}, seed);
}

TEST(TcpModel, StreamsArriveThroughDoublingAndReordering)
{
    for (std::uint64_t seed = 20; seed < 28; ++seed)
        expect_streams_arrive({.doubled = 100, .delayed = 200}, seed);
}

TEST(TcpModel, StreamsArriveThroughTruncation)
{
    for (std::uint64_t seed = 30; seed < 34; ++seed)
        expect_streams_arrive({.cut = 50}, seed);
}

TEST(TcpModel, StreamsArriveThroughAllOfThem)
{
    for (std::uint64_t seed = 40; seed < 52; ++seed)
        expect_streams_arrive({.lost = 60, .doubled = 60, .delayed = 120, .cut = 30}, seed);
}

} // namespace osh::netproxy::stack::test
