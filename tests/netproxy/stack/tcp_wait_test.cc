// TCP dialogues: packets that wait for a better one, because their owner said what comes next.

#include "tests/netproxy/stack/agent.h"

#include <gmock/gmock.h>

namespace osh::netproxy::stack::test
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;
using wire::kAck;
using wire::kPsh;

TEST(More, ThatIsExpectedKeepsASmallPieceBack)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.stack.expect_more(flow, More::Yes);
    agent.write(flow, "first"); // nothing is in flight: nothing to wait for
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=5"));
    agent.write(flow, "second");
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.stack.expect_more(flow, More::No);
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=6 ack=1 len=6"));
}

TEST(More, ThatDoesNotComeDelaysUntilTheAcknowledgement)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.stack.expect_more(flow, More::Yes);
    agent.write(flow, "first");
    agent.write(flow, "second");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=11"));
    agent.write(flow, "third");
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.send({.sequence = 1, .acknowledgement = 12, .flags = kAck, .window = 512});
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=12 ack=1 len=5"));
}

TEST(More, IsNotExpectedAtTheEnd)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.stack.expect_more(flow, More::Yes);
    agent.write(flow, "first");
    agent.lines();
    agent.write(flow, "last");
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FPA seq=6 ack=1 len=4"));
}

TEST(Answer, ThatIsExpectedCarriesTheAcknowledgement)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "ask"});
    agent.read(flow);
    agent.stack.expect_answer(flow);
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.pass(39ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.write(flow, "answer");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=4 len=6"));
    agent.pass(10ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(Answer, ThatTakesItsTimeDoesNotDelayTheAcknowledgementBeyond40Ms)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "ask"});
    agent.read(flow);
    agent.stack.expect_answer(flow);
    // An acknowledgement of nothing new does not move the time.
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = kAck, .window = 500});
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.pass(40ms);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=4 len=0"));
    agent.pass(1s);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(Answer, WhatTheAgentSaysMeanwhileIsAcknowledgedAtOnce)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "ask"});
    agent.read(flow);
    agent.stack.expect_answer(flow);
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "more"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=8 len=0"));
}

TEST(Answer, IsNotWaitedForWhileSomethingIsInFlight)
{
    Agent agent;
    FlowId const flow = agent.connect();
    agent.write(flow, "earlier");
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "ask"});
    agent.read(flow);
    agent.stack.expect_answer(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=8 ack=4 len=0"));
}

} // namespace
} // namespace osh::netproxy::stack::test
