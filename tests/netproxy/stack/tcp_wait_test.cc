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

class More : public ::testing::Test
{
protected:
    More() { agent.stack.expect_more(flow, stack::More::Yes); }

    Agent agent;
    FlowId flow = agent.connect();
};

TEST_F(More, ThatIsExpectedKeepsASmallPieceBack)
{
    agent.write(flow, "first"); // nothing is in flight: nothing to wait for
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=5"));
    agent.write(flow, "second");
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.stack.expect_more(flow, stack::More::No);
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=6 ack=1 len=6"));
}

TEST_F(More, ThatDoesNotComeDelaysUntilTheAcknowledgement)
{
    agent.write(flow, "first");
    agent.write(flow, "second");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=1 len=11"));
    agent.write(flow, "third");
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.send({.sequence = 1, .acknowledgement = 12, .flags = kAck, .window = 512});
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=12 ack=1 len=5"));
}

TEST_F(More, IsNotExpectedAtTheEnd)
{
    agent.write(flow, "first");
    agent.lines();
    agent.write(flow, "last");
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FPA seq=6 ack=1 len=4"));
}

class Answer : public ::testing::Test
{
protected:
    // Says something, and an answer is expected.
    void ask()
    {
        agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "ask"});
        agent.read(flow);
        agent.stack.expect_answer(flow);
    }

    Agent agent;
    FlowId flow = agent.connect();
};

TEST_F(Answer, ThatIsExpectedCarriesTheAcknowledgement)
{
    ask();
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.pass(39ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.write(flow, "answer");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=4 len=6"));
    agent.pass(10ms);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST_F(Answer, ThatTakesItsTimeDoesNotDelayTheAcknowledgementBeyond40Ms)
{
    ask();
    // An acknowledgement of nothing new does not move the time.
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = kAck, .window = 500});
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.pass(40ms);
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=4 len=0"));
    agent.pass(1s);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST_F(Answer, WhatTheAgentSaysMeanwhileIsAcknowledgedAtOnce)
{
    ask();
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.send({.sequence = 4, .acknowledgement = 1, .flags = kAck | kPsh, .payload = "more"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=8 len=0"));
}

TEST_F(Answer, IsNotWaitedForWhileSomethingIsInFlight)
{
    agent.write(flow, "earlier");
    agent.lines();
    ask();
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=8 ack=4 len=0"));
}

} // namespace
} // namespace osh::netproxy::stack::test
