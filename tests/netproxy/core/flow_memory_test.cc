#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class FlowMemory : public Playbook
{
protected:
    // A connection that has had an answer and waits for its next request.
    FlowId idles()
    {
        auto const flow = open("rest.test", 80);
        says(flow, "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n");
        auto const upstream = connects();
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        later(1s);
        return flow;
    }
    std::optional<policy::Notice> memory_notice()
    {
        for (auto notice = told<policy::Notice>(); notice; notice = told<policy::Notice>())
            if (notice->code == "memory")
                return notice;
        return std::nullopt;
    }
};

TEST_F(FlowMemory, WhatAConnectionHoldsIsGivenBackWhenItEnds)
{
    start();
    auto const flow = idles();
    EXPECT_GT(agent.held, 0u);
    core->handle(stack::TcpClosed{flow, false}, at);
    EXPECT_EQ(agent.held, 0u);
}

TEST_F(FlowMemory, ASplicedConnectionHoldsNothingBeyondTheRings)
{
    start();
    open("raw.test", 2222);
    ASSERT_NE(connects(), 0u);
    EXPECT_EQ(agent.held, 0u);
}

TEST_F(FlowMemory, TheOldestIdleConnectionGivesWayToANewOne)
{
    start();
    auto const oldest = idles(), younger = idles();
    agent.memory = agent.held;
    auto const fresh = open("rest.test", 80);
    says(fresh, "GET /ok/");
    EXPECT_TRUE(side(oldest).is_finished);
    EXPECT_FALSE(side(younger).is_finished);
    EXPECT_FALSE(side(fresh).is_reset);
    auto const notice = memory_notice();
    ASSERT_TRUE(notice);
    EXPECT_EQ(
        notice->text, "rest.test: an idle connection was closed, all buffers together are full");
}

TEST_F(FlowMemory, WithNothingIdleTheOneThatAsksForMoreIsCut)
{
    start();
    auto const busy = open("rest.test", 80);
    says(busy, "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    agent.memory = agent.held;
    auto const fresh = open("rest.test", 80);
    says(fresh, "GET /ok/");
    EXPECT_TRUE(side(fresh).is_reset);
    EXPECT_FALSE(side(busy).is_reset);
    EXPECT_TRUE(memory_notice());
    EXPECT_LE(agent.held, agent.memory);
}

TEST_F(FlowMemory, AnUpstreamIsNotReadWhileTheLastMegabytesAreTaken)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    agent.memory = agent.held + (1u << 20);
    EXPECT_TRUE(core->upstream_space(upstream).empty());
    EXPECT_FALSE(core->wants_upstream(upstream)); // or the loop would spin
    one<Attend>();
    agent.memory = 96u << 20;
    later(1s);
    EXPECT_TRUE(one<Attend>());
    EXPECT_FALSE(core->upstream_space(upstream).empty());
    EXPECT_FALSE(side(flow).is_reset);
}

TEST_F(FlowMemory, DatagramsThatWaitForTheirVerdictAreBounded)
{
    settings.udp_by_policy = true;
    start();
    agent.memory = 1000;
    stack::FlowTuple const tuple{
        ip("192.0.0.2"), names.addresses_for("raw.test", at.now)->v4, 40000, 443};
    for (int i = 0; i < 5; ++i)
        core->handle(stack::UdpReceived{tuple, std::vector<std::byte>(400)}, at);
    EXPECT_EQ(agent.held, 800u);
    later(kUdpIdle + 1s);
    EXPECT_EQ(agent.held, 0u);
}

} // namespace osh::netproxy::core::test
