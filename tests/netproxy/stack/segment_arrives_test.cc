// RFC 9293 section 3.10.7, state by state: each event that a segment can be, and what is answered.
// Where RFC 5961 is stricter, its answer stands.

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
using wire::kRst;
using wire::kSyn;

constexpr char const* kChallenge = "A seq=1 ack=1 len=0";

// ---- 3.10.7.1 CLOSED (and LISTEN, 3.10.7.2: every port listens, so only what is no SYN differs)

TEST(WhenClosed, ARstIsIgnored)
{
    Agent agent;
    agent.send({.flags = kRst});
    agent.send({.flags = kRst | kAck});
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(WhenClosed, AnAckIsResetAtThePlaceItNames)
{
    Agent agent;
    agent.send({.sequence = 5, .acknowledgement = 77, .flags = kAck, .payload = "ab"});
    EXPECT_THAT(agent.lines(), ElementsAre("R seq=77 len=0"));
    agent.send({.sequence = 5, .acknowledgement = 77, .flags = kAck | kSyn});
    EXPECT_THAT(agent.lines(), ElementsAre("R seq=77 len=0"));
}

TEST(WhenClosed, AnythingElseIsResetWithAnAcknowledgementOfItsLength)
{
    Agent agent;
    agent.send({.sequence = 5, .flags = kFin, .payload = "ab"});
    EXPECT_THAT(agent.lines(), ElementsAre("RA seq=0 ack=8 len=0"));
    agent.send({.sequence = 5, .flags = 0, .payload = "ab"});
    EXPECT_THAT(agent.lines(), ElementsAre("RA seq=0 ack=7 len=0"));
}

TEST(WhenClosed, ASynThatIsAlsoAFinOpensNothing)
{
    Agent agent;
    agent.send({.flags = kSyn | kFin});
    EXPECT_THAT(agent.take<TcpOpened>(), IsEmpty());
}

// ---- held: a SYN came and nobody has answered it

TEST(WhenHeld, OnlyTheExactRstEndsIt)
{
    Agent agent;
    agent.syn();
    agent.take<TcpOpened>();
    agent.send({.sequence = 2, .flags = kRst});
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
    agent.send({.sequence = 1, .flags = kRst});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST(WhenHeld, DataAndFinBeforeTheHandshakeAreIgnored)
{
    Agent agent;
    agent.syn();
    auto const flow = agent.take<TcpOpened>().at(0).flow;
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin, .payload = "early"});
    EXPECT_THAT(agent.lines(), IsEmpty());
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

// ---- 3.10.7.4 SYN-RECEIVED

class SynReceived : public testing::Test
{
protected:
    SynReceived()
    {
        agent.syn();
        flow = agent.take<TcpOpened>().at(0).flow;
        agent.stack.accept(flow, agent.now);
        agent.lines();
    }
    Agent agent;
    FlowId flow = 0;
};

TEST_F(SynReceived, AnAcknowledgementOfTheWrongPlaceIsReset)
{
    agent.send({.sequence = 1, .acknowledgement = 9, .flags = kAck});
    EXPECT_THAT(agent.lines(), ElementsAre("R seq=9 len=0"));
    EXPECT_THAT(agent.take<TcpWritable>(), IsEmpty());
}

TEST_F(SynReceived, ASegmentWithoutAckIsDropped)
{
    agent.send({.sequence = 1, .flags = 0, .payload = "x"});
    EXPECT_THAT(agent.lines(), IsEmpty());
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

TEST_F(SynReceived, TheExactRstEndsItAndOneInTheWindowIsAsked)
{
    agent.send({.sequence = 100, .flags = kRst});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
    agent.send({.sequence = 1, .flags = kRst});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

TEST_F(SynReceived, TheSameSynIsAnsweredAgainAndAnotherIsAsked)
{
    agent.syn();
    EXPECT_THAT(agent.lines(), ElementsAre("SA seq=0 ack=1 len=0"));
    agent.send({.sequence = 50, .flags = kSyn, .options = Agent::syn_options()});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
}

TEST_F(SynReceived, TheThirdStepMayCarryDataAndTheFin)
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin, .payload = "all"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=5 len=0"));
    EXPECT_EQ(agent.read(flow), "all");
    EXPECT_TRUE(agent.stack.peer_finished(flow));
}

// ---- 3.10.7.4 ESTABLISHED

class WhenEstablished : public testing::Test
{
protected:
    Agent agent;
    FlowId flow = agent.connect();
};

TEST_F(WhenEstablished, WhatLiesOutsideTheWindowIsAnsweredWithTheRightPlace)
{
    agent.send({.sequence = 1 + (64u << 20), .acknowledgement = 1, .flags = kAck, .payload = "x"});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
    agent.send({.sequence = 0u - 5, .acknowledgement = 1, .flags = kAck, .payload = "old"});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

TEST_F(WhenEstablished, ARstOutsideTheWindowIsIgnoredInsideAskedAndAtTheEdgeBelieved)
{
    agent.send({.sequence = 1 + (64u << 20), .flags = kRst});
    EXPECT_THAT(agent.lines(), IsEmpty());
    agent.send({.sequence = 2, .flags = kRst});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
    agent.send({.sequence = 1, .flags = kRst});
    ASSERT_EQ(agent.take<TcpClosed>().size(), 1u);
    EXPECT_THAT(agent.lines(), IsEmpty());
}

TEST_F(WhenEstablished, ASynWithAnAckIsAskedLikeOneWithout) // RFC 5961 section 4
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kSyn | kAck});
    EXPECT_THAT(agent.lines(), ElementsAre(kChallenge));
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
}

TEST_F(WhenEstablished, ASegmentWithoutAckIsDropped)
{
    agent.send({.sequence = 1, .flags = 0, .payload = "x"});
    EXPECT_THAT(agent.lines(), IsEmpty());
    EXPECT_TRUE(agent.stack.received(flow).empty());
}

TEST_F(WhenEstablished, AnOldAcknowledgementIsNoMatterAndAnAncientOneIsAsked)
{
    agent.write(flow, "abc");
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 4, .flags = kAck});
    agent.send({.sequence = 1, .acknowledgement = 2, .flags = kAck, .payload = "x"});
    EXPECT_EQ(agent.read(flow), "x");
    agent.lines();
    agent.send({.sequence = 2, .acknowledgement = 4 - (1u << 30), .flags = kAck, .payload = "y"});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=4 ack=2 len=0")); // RFC 5961 section 5
    EXPECT_EQ(agent.read(flow), "");
}

TEST_F(WhenEstablished, DataBeyondTheWindowIsCutAtItsEdge)
{
    Agent small({.receive_ring = 4096});
    auto const one = small.connect();
    small.send(
        {.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = std::string(9000, 'x')});
    EXPECT_EQ(small.read(one).size(), 4096u);
}

TEST_F(WhenEstablished, DataThatOverlapsWhatCameIsTakenOnce)
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = "abcd"});
    agent.send({.sequence = 3, .acknowledgement = 1, .flags = kAck, .payload = "cdef"});
    EXPECT_EQ(agent.read(flow), "abcdef");
}

TEST_F(WhenEstablished, AFinBehindAGapWaitsForTheGap)
{
    agent.send({.sequence = 3, .acknowledgement = 1, .flags = kAck | kFin, .payload = "c"});
    EXPECT_FALSE(agent.stack.peer_finished(flow));
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = "ab"});
    EXPECT_TRUE(agent.stack.peer_finished(flow));
    EXPECT_EQ(agent.read(flow), "abc");
}

// ---- FIN-WAIT-1, FIN-WAIT-2, CLOSING, TIME-WAIT: we have finished first

class FinWait : public WhenEstablished
{
protected:
    FinWait()
    {
        agent.stack.finish(flow);
        EXPECT_THAT(agent.lines(), ElementsAre("FA seq=1 ack=1 len=0"));
    }
    void finish_acknowledged() { agent.send({.sequence = 1, .acknowledgement = 2, .flags = kAck}); }
    void agent_finishes()
    {
        agent.send({.sequence = 1, .acknowledgement = 2, .flags = kAck | kFin});
    }
};

TEST_F(FinWait, DataStillArrivesInBoth)
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = "a"});
    EXPECT_EQ(agent.read(flow), "a");
    agent.send({.sequence = 2, .acknowledgement = 2, .flags = kAck, .payload = "b"});
    EXPECT_EQ(agent.read(flow), "b");
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
}

TEST_F(FinWait, AResetEndsEither)
{
    finish_acknowledged();
    agent.send({.sequence = 1, .flags = kRst});
    auto const closed = agent.take<TcpClosed>();
    ASSERT_EQ(closed.size(), 1u);
    EXPECT_TRUE(closed[0].was_reset);
}

TEST_F(FinWait, ASynIsAskedInEither)
{
    agent.send({.sequence = 9, .flags = kSyn});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=1 len=0"));
    finish_acknowledged();
    agent.send({.sequence = 9, .flags = kSyn});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=1 len=0"));
}

TEST_F(FinWait, AFinThatDoesNotAcknowledgeOursIsClosing)
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=2 len=0"));
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
    agent.send({.sequence = 2, .acknowledgement = 2, .flags = kAck});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

TEST_F(FinWait, TimeWaitAnswersTheFinAgainAndTakesANewerSyn)
{
    finish_acknowledged();
    agent_finishes();
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=2 len=0"));
    agent_finishes();
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=2 len=0"));
    agent.send({.sequence = 0u - 9, .flags = kSyn}); // older: an acknowledgement, no connection
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=2 ack=2 len=0"));
    agent.take<TcpOpened>();
    agent.send({.sequence = 100, .flags = kSyn, .options = Agent::syn_options()});
    EXPECT_EQ(agent.take<TcpOpened>().size(), 1u);
}

TEST_F(FinWait, TimeWaitEndsByAnExactReset)
{
    finish_acknowledged();
    agent_finishes();
    agent.lines();
    agent.send({.sequence = 2, .flags = kRst});
    agent.send({.sequence = 2, .acknowledgement = 2, .flags = kAck | kFin});
    EXPECT_THAT(agent.lines(), ElementsAre("R seq=2 len=0"));
}

// ---- CLOSE-WAIT, LAST-ACK: the agent has finished first

class CloseWait : public WhenEstablished
{
protected:
    CloseWait()
    {
        agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin});
        EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=2 len=0"));
    }
};

TEST_F(CloseWait, TheFinAgainIsAcknowledgedAgain)
{
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck | kFin});
    EXPECT_THAT(agent.lines(), ElementsAre("A seq=1 ack=2 len=0"));
}

TEST_F(CloseWait, DataAfterTheFinIsNotTaken)
{
    agent.send({.sequence = 2, .acknowledgement = 1, .flags = kAck, .payload = "late"});
    EXPECT_EQ(agent.read(flow), "");
}

TEST_F(CloseWait, OurDataStillGoesAndIsAcknowledged)
{
    agent.write(flow, "abc");
    EXPECT_THAT(agent.lines(), ElementsAre("PA seq=1 ack=2 len=3"));
    agent.send({.sequence = 2, .acknowledgement = 4, .flags = kAck});
    EXPECT_EQ(agent.stack.unsent(flow), 0u);
}

TEST_F(CloseWait, LastAckEndsWhenOurFinIsAcknowledged)
{
    agent.stack.finish(flow);
    EXPECT_THAT(agent.lines(), ElementsAre("FA seq=1 ack=2 len=0"));
    agent.send({.sequence = 2, .acknowledgement = 1, .flags = kAck});
    EXPECT_THAT(agent.take<TcpClosed>(), IsEmpty());
    agent.send({.sequence = 2, .acknowledgement = 2, .flags = kAck});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
    EXPECT_EQ(agent.stack.flow_count(), 0u);
}

TEST_F(CloseWait, AResetEndsItAndLastAck)
{
    agent.stack.finish(flow);
    agent.lines();
    agent.send({.sequence = 2, .flags = kRst});
    EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
}

} // namespace
} // namespace osh::netproxy::stack::test
