// TCP dialogues: what the agent's kernel sends, what the stack answers.

#include "tests/netproxy/stack/agent.h"

#include <gmock/gmock.h>

namespace osh::netproxy::stack::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using wire::kAck;
using wire::kFin;
using wire::kPsh;
using wire::kRst;
using wire::kSyn;

TEST(Handshake, IsHeldUntilAccepted)
{
    Agent agent;
    agent.syn();
    EXPECT_THAT(agent.lines(), IsEmpty());
    auto const opened = agent.take<TcpOpened>();
    ASSERT_EQ(opened.size(), 1u);
    EXPECT_EQ(opened[0].tuple.destination, agent.destination);
    agent.stack.accept(opened[0].flow, agent.now);
    EXPECT_THAT(agent.lines(), ElementsAre("SA seq=0 ack=1 len=0"));
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck});
    EXPECT_EQ(agent.take<TcpWritable>().size(), 1u);
}

TEST(Handshake, ASecondSynWhileHeldIsTheSameFlow)
{
    Agent agent;
    agent.syn();
    agent.syn();
    EXPECT_EQ(agent.take<TcpOpened>().size(), 1u);
}

TEST(Handshake, PayloadOfASynIsIgnored)
{
    Agent agent;
    agent.send({.flags = kSyn, .payload = "early", .options = Agent::syn_options()});
    auto const opened = agent.take<TcpOpened>();
    agent.stack.accept(opened.at(0).flow, agent.now);
    EXPECT_THAT(agent.lines(), ElementsAre("SA seq=0 ack=1 len=0"));
    EXPECT_TRUE(agent.stack.received(opened[0].flow).empty());
}

TEST(Refusal, IsAResetThatAcknowledgesTheSyn)
{
    Agent agent;
    agent.syn();
    agent.stack.refuse(agent.take<TcpOpened>().at(0).flow);
    EXPECT_THAT(agent.lines(), ElementsAre("RA seq=0 ack=1 len=0"));
    EXPECT_EQ(agent.stack.flow_count(), 0u);
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

TEST(Refusal, CanBeUnreachable)
{
    Agent agent;
    agent.syn();
    agent.stack.refuse(agent.take<TcpOpened>().at(0).flow, Unreachable::AdminProhibited);
    auto const seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].ip.protocol, wire::kProtocolIcmp);
    EXPECT_EQ(seen[0].ip.source, addresses().gateway_v4);
    EXPECT_EQ(seen[0].payload.substr(0, 2), "\x03\x0d");
    EXPECT_EQ(wire::sum16(seen[0].ip.payload), 0xffff);
}

TEST(Data, IsDeliveredAndAcknowledgedOncePerBatch)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = "hello "});
    agent.send({.sequence = 7, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "world"});
    EXPECT_EQ(agent.take<TcpReadable>().size(), 1u);
    EXPECT_EQ(agent.read(flow), "hello world");
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=12 len=0"));
}

TEST(Data, GoesOutWithThePushFlagAndIsFreedWhenAcknowledged)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "answer");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=6"));
    EXPECT_EQ(agent.stack.unsent(flow), 6u);
    agent.send({.sequence = 1, .acknowledgement = 7, .flags = kAck});
    EXPECT_EQ(agent.stack.unsent(flow), 0u);
    agent.pass(200ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(Data, OutOfOrderIsKeptAndToldBySack)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = kAck, .payload = "def"});
    auto const seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    ASSERT_EQ(seen[0].tcp->options.size(), 12u);
    EXPECT_EQ(wire::get32(seen[0].tcp->options, 4), Agent::kFirst + 4);
    EXPECT_EQ(wire::get32(seen[0].tcp->options, 8), Agent::kFirst + 7);
    EXPECT_EQ(agent.read(flow), "");
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = "abc"});
    EXPECT_EQ(agent.read(flow), "abcdef");
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=7 len=0"));
}

TEST(Retransmission, ComesAfterTheTimerAndDoublesIt)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "lost");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=4"));
    agent.pass(200ms);
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=4"));
    agent.pass(200ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.pass(200ms);
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=4"));
}

TEST(Retransmission, IsFastAfterThreeDuplicates)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, std::string(4000, 'a'));
    agent.lines();
    for (int i = 0; i < 3; ++i)
        agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 512});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=1 len=4000"));
}

TEST(Window, ShutByTheAgentIsProbed)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 0});
    agent.write(flow, "waiting");
    EXPECT_THAT(agent.lines(), IsEmpty());
    ASSERT_FALSE(agent.stack.next_deadline().is_never());
    agent.pass(200ms);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=0 ack=1 len=0"));
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 512});
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=7"));
}

TEST(Window, IsShutByUnreadBytesAndOpenedByConsume)
{
    Agent agent({.receive_ring = 8192});
    FlowId const flow = agent.connect();
    agent.send(
        {.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = std::string(8192, 'x')});
    auto seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].tcp->window, 0);
    agent.stack.consume(flow, 100); // not worth a packet
    EXPECT_THAT(agent.drain(), IsEmpty());
    agent.read(flow);
    seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].tcp->window, 8192);
}

TEST(Close, ByTheAgentThenByUs)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin, .payload = "bye"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=5 len=0"));
    EXPECT_TRUE(agent.stack.peer_finished(flow));
    EXPECT_EQ(agent.read(flow), "bye");
    agent.write(flow, "still talking"); // half closed
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=5 len=13"));
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FA seq=14 ack=5 len=0"));
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
    agent.send({.sequence = 5, .acknowledgement = 15, .flags = kAck});
    auto const closed = agent.take<TcpClosed>();
    ASSERT_EQ(closed.size(), 1u);
    EXPECT_FALSE(closed[0].was_reset);
    EXPECT_EQ(agent.stack.flow_count(), 0u);
}

TEST(Close, ByUsThenByTheAgentPassesThroughTimeWait)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "all");
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FPA seq=1 ack=1 len=3"));
    agent.send({.sequence = 1, .acknowledgement = 5, .flags = kAck});
    agent.send({.sequence = 1, .acknowledgement = 5, .flags = kAck | kFin});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=5 ack=2 len=0"));
    agent.send({.sequence = 1, .acknowledgement = 5, .flags = kAck | kFin}); // it was lost
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=5 ack=2 len=0"));
    agent.pass(1s + 250ms); // with all others of that quarter of a second
    EXPECT_TRUE(agent.stack.next_deadline().is_never());
}

TEST(Close, LastWordComesBehindTheAnswerToANewConnection)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.stack.finish(flow);
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 2, .flags = kAck | kFin});
    agent.port = 40001;
    agent.syn();
    auto const opened = agent.take<TcpOpened>();
    ASSERT_EQ(opened.size(), 1u);
    agent.stack.accept(opened[0].flow, agent.now);
    auto const seen = agent.drain();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].tcp->flags & kSyn, kSyn);
    EXPECT_EQ(seen[1].tcp->flags & kSyn, 0);
}

TEST(Close, FromBothSidesAtOnce)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FA seq=1 ack=1 len=0"));
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=2 len=0"));
    agent.send({.sequence = 2, .acknowledgement = 2, .flags = kAck});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

TEST(Close, ByUsLeavesTheAgentsWayOpen)
{
    Agent agent;
    auto const flow = agent.connect();
    agent.stack.finish(flow);
    EXPECT_EQ(agent.lines(), std::vector<std::string>{"FA seq=1 ack=1 len=0"});
    agent.send({.sequence = 1, .acknowledgement = 2, .flags = wire::kAck, .payload = "late"});
    EXPECT_EQ(agent.read(flow), "late");
    EXPECT_EQ(agent.lines(), std::vector<std::string>{"A seq=2 ack=5 len=0"});
    EXPECT_TRUE(agent.take<TcpClosed>().empty());
}

// RFC 6093: nobody agrees on what the pointer points to, and who relies on it is fooled.
TEST(Data, UrgentIsLikeAnyOther)
{
    constexpr std::uint8_t kUrgent = 0x20;
    Agent agent;
    auto const flow = agent.connect();
    agent.send(
        {.sequence = 1, .acknowledgement = 1, .flags = wire::kAck | kUrgent, .payload = "ab!"});
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = wire::kAck, .payload = "cd"});
    EXPECT_EQ(agent.read(flow), "ab!cd");
}

TEST(Reset, IsBelievedAtTheExactPlaceOnly)
{
    Agent agent;
    agent.connect();
    agent.send({.sequence = 500, .flags = kRst});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=1 len=0")); // RFC 5961 challenge
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
    agent.send({.sequence = 1, .flags = kRst});
    auto const closed = agent.take<TcpClosed>();
    ASSERT_EQ(closed.size(), 1u);
    EXPECT_TRUE(closed[0].was_reset);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(Reset, ByUsNamesTheNextByte)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "abc");
    agent.lines();
    agent.stack.reset(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("RA seq=4 ack=1 len=0"));
}

TEST(KeepAlive, AsksAfterTenMinutesAndEndsAFlowThatDoesNotAnswer)
{
    Agent agent;
    agent.connect();
    EXPECT_GE(agent.stack.next_deadline() - agent.now, 200ms);
    agent.pass(600s);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=0 ack=1 len=0"));
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 512});
    for (int i = 0; i < 20 && agent.stack.flow_count() > 0; ++i)
        agent.pass(600s);
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
    EXPECT_TRUE(agent.stack.next_deadline().is_never());
}

TEST(KeepAlive, AnAnswerBuysAnotherTenMinutes)
{
    Agent agent;
    agent.connect();
    for (int i = 0; i < 30; ++i) {
        agent.pass(600s);
        agent.lines();
        agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 512});
    }
    EXPECT_EQ(agent.stack.flow_count(), 1u);
}

TEST(Held, IsForgottenWhenNobodyWaitsAnyMore)
{
    Agent agent;
    agent.syn();
    agent.pass(70s);
    agent.syn();
    agent.pass(70s);
    EXPECT_EQ(agent.stack.flow_count(), 1u);
    agent.pass(70s);
    EXPECT_EQ(agent.stack.flow_count(), 0u);
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

TEST(Held, AnotherSynForTheSamePortsReplacesTheFlow)
{
    Agent agent;
    agent.syn();
    agent.send({.sequence = 77, .flags = kSyn, .options = Agent::syn_options()});
    EXPECT_EQ(agent.stack.flow_count(), 1u);
    auto const events = agent.stack.take_events();
    ASSERT_EQ(events.size(), 3u);
    EXPECT_TRUE(std::holds_alternative<TcpClosed>(events[1]));
    EXPECT_TRUE(std::holds_alternative<TcpOpened>(events[2]));
}

TEST(Established, ASynIsAnsweredByAChallenge)
{
    Agent agent;
    agent.connect();
    agent.send({.sequence = 99, .flags = kSyn, .options = Agent::syn_options()});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=1 len=0"));
    EXPECT_THAT(agent.take<TcpOpened>(), IsEmpty());
}

TEST(Established, AnAcknowledgementOfTheFutureIsAnsweredAndIgnored)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "abc");
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 100, .flags = kAck, .payload = "x"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=4 ack=1 len=0"));
    EXPECT_EQ(agent.stack.unsent(flow), 3u);
    EXPECT_EQ(agent.read(flow), "");
}

} // namespace
} // namespace osh::netproxy::stack::test
