// What a large packet carries may be read where it lies.

#include "tests/netproxy/stack/agent.h"

#include <gmock/gmock.h>

namespace osh::netproxy::stack::test
{
namespace
{

using wire::kAck;

class Lending : public testing::Test
{
protected:
    Packet packet_of(std::string const& payload)
    {
        Segment segment{.sequence = Agent::kFirst + next_,
            .acknowledgement = 1 + agent.first_of_stack,
            .flags = kAck,
            .window = 512,
            .payload = payload};
        segment.source_port = agent.port;
        next_ += static_cast<std::uint32_t>(payload.size());
        return to_packet(agent.source, agent.destination, segment);
    }
    static bool lies_in(Bytes part, Packet const& packet)
    {
        return part.data() >= packet.data() && part.data() < packet.data() + packet.size();
    }

    Agent agent;
    FlowId flow = agent.connect();

private:
    std::uint32_t next_ = 1;
};

TEST_F(Lending, LeavesLargePayloadsWhereTheyAre)
{
    std::string const payload(40'000, 'x');
    auto const packet = packet_of(payload);
    ASSERT_TRUE(agent.stack.lend_packet(packet, agent.now));
    EXPECT_TRUE(lies_in(agent.stack.received(flow), packet));
    EXPECT_EQ(agent.read(flow), payload);
    agent.stack.keep_lent();
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

TEST_F(Lending, CopiesWhatNobodyTook)
{
    std::string const payload = std::string(30'000, 'a') + std::string(10'000, 'b');
    auto packet = packet_of(payload);
    ASSERT_TRUE(agent.stack.lend_packet(packet, agent.now));
    agent.stack.consume(flow, 30'000);
    agent.stack.keep_lent();
    std::ranges::fill(packet, std::byte{0}); // the next packet is read
    EXPECT_EQ(agent.read(flow), std::string(10'000, 'b'));
}

TEST_F(Lending, IsOverWhenTheFlowIs)
{
    auto const packet = packet_of(std::string(40'000, 'x'));
    ASSERT_TRUE(agent.stack.lend_packet(packet, agent.now));
    agent.stack.reset(flow);
    agent.stack.keep_lent();
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

TEST_F(Lending, IsNotForSmallPayloadsNorBehindOthers)
{
    EXPECT_FALSE(agent.stack.lend_packet(packet_of("small"), agent.now));
    EXPECT_FALSE(agent.stack.lend_packet(packet_of(std::string(40'000, 'x')), agent.now));
    EXPECT_EQ(agent.read(flow), "small" + std::string(40'000, 'x'));
}

TEST_F(Lending, IsNeverDoneUnasked)
{
    auto packet = packet_of(std::string(40'000, 'x'));
    agent.stack.handle_packet(packet, agent.now);
    std::ranges::fill(packet, std::byte{0});
    EXPECT_EQ(agent.read(flow), std::string(40'000, 'x'));
}

} // namespace
} // namespace osh::netproxy::stack::test
