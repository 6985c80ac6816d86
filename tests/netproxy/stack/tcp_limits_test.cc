// TCP dialogues at the bounds: flows, memory, fairness, segment sizes, strangers.

#include "tests/netproxy/stack/agent.h"

#include <malloc.h>

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

TEST(Limits, HalfOpenFlowsAreBounded)
{
    Agent agent({.max_half_open = 3});
    for (std::uint16_t i = 0; i < 5; ++i) {
        agent.port = static_cast<std::uint16_t>(40000 + i);
        agent.syn();
    }
    EXPECT_EQ(agent.take<TcpOpened>().size(), 3u);
    EXPECT_EQ(agent.stack.drops().over_limit, 2u);
}

TEST(Limits, FlowsToOneDestinationAreBounded)
{
    Agent agent({.max_flows_per_destination = 2});
    for (std::uint16_t i = 0; i < 3; ++i) {
        agent.port = static_cast<std::uint16_t>(40000 + i);
        agent.syn();
    }
    agent.destination = ip("192.0.2.2");
    agent.syn();
    EXPECT_EQ(agent.take<TcpOpened>().size(), 3u);
}

TEST(Limits, WhatOnlyWaitsDoesNotCountForItsDestination)
{
    Limits limits;
    limits.max_flows_per_destination = 2;
    Agent agent(limits);
    for (std::uint16_t i = 0; i < 10; ++i) {
        agent.port = static_cast<std::uint16_t>(40000 + i);
        auto const flow = agent.connect();
        agent.stack.finish(flow);
        agent.lines();
        agent.send({.sequence = 1, .acknowledgement = 2, .flags = wire::kAck | wire::kFin});
        EXPECT_EQ(agent.take<TcpClosed>().size(), 1u);
    }
    EXPECT_EQ(agent.stack.drops().over_limit, 0u);
}

TEST(Limits, ConnectionsThatHaveEndedLeaveNoMemoryBehind)
{
    Agent agent;
    auto const connect_and_close = [&](int count) {
        for (int i = 0; i < count; ++i) {
            agent.port = static_cast<std::uint16_t>(10'000 + i % 1000);
            auto const flow = agent.connect();
            agent.stack.finish(flow);
            agent.lines();
            agent.send({.sequence = 1, .acknowledgement = 2, .flags = wire::kAck | wire::kFin});
            agent.lines();
            agent.stack.take_events();
            agent.pass(2ms);
            agent.stack.next_deadline();
        }
    };
    connect_and_close(2000);
    auto const before = mallinfo2().uordblks + mallinfo2().hblkhd;
    connect_and_close(30'000);
    EXPECT_LT(mallinfo2().uordblks + mallinfo2().hblkhd, before + 64 * 1024);
}

TEST(Limits, AFullTableGivesUpWhatOnlyWaits)
{
    Agent agent({.max_flows = 1});
    FlowId const flow = agent.connect();
    agent.stack.finish(flow);
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 2, .flags = kAck | kFin});
    agent.lines();
    agent.port = 40001;
    agent.syn();
    EXPECT_EQ(agent.take<TcpOpened>().size(), 1u);
}

TEST(Limits, RingMemoryIsBoundedInAll)
{
    Agent agent({.total_buffer_bytes = 128 * 1024});
    std::vector<FlowId> flows;
    for (std::uint16_t i = 0; i < 3; ++i) {
        agent.port = static_cast<std::uint16_t>(40000 + i);
        flows.push_back(agent.connect());
        agent.send({.sequence = 1,
            .acknowledgement = 1,
            .flags = kAck,
            .payload = std::string(10'000, 'x')});
    }
    EXPECT_EQ(agent.stack.drops().over_limit, 1u);
    EXPECT_TRUE(agent.stack.received(flows[2]).empty());
    agent.read(flows[0]);
    agent.send(
        {.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = std::string(10'000, 'x')});
    EXPECT_EQ(agent.read(flows[2]).size(), 10'000u);
}

TEST(Limits, ASenderWithoutMemoryIsToldWhenThereIsSome)
{
    Agent agent({.total_buffer_bytes = 64 * 1024});
    FlowId const first = agent.connect();
    agent.port = 40001;
    FlowId const second = agent.connect();
    agent.send(
        {.sequence = 1, .acknowledgement = 1, .flags = kAck, .payload = std::string(10'000, 'x')});
    EXPECT_TRUE(agent.stack.send_space(first).empty());
    agent.stack.take_events();
    agent.read(second);
    auto const writable = agent.take<TcpWritable>();
    ASSERT_EQ(writable.size(), 1u);
    EXPECT_EQ(writable[0].flow, first);
    EXPECT_FALSE(agent.stack.send_space(first).empty());
}

TEST(Limits, ManyDownloadsKeepOneChunkEach)
{
    Limits limits;
    limits.total_buffer_bytes = 4u << 20;
    Agent agent(limits);
    std::vector<FlowId> flows;
    for (std::uint16_t i = 0; i < 32; ++i) {
        agent.port = static_cast<std::uint16_t>(40000 + i);
        flows.push_back(agent.connect());
    }
    std::size_t held = 0;
    for (FlowId const flow : flows) {
        for (auto space = agent.stack.send_space(flow); !space.empty();
             space = agent.stack.send_space(flow))
            agent.stack.commit(flow, space.size());
        EXPECT_GT(agent.stack.unsent(flow), 0u);
        held += agent.stack.unsent(flow);
    }
    // The first few took their whole rings, all others one chunk.
    EXPECT_LE(held, 1'300'000u + 32u * 64 * 1024);
}

TEST(Limits, TenThousandIdleFlowsAreSmall)
{
    constexpr std::size_t kFlows = 10'000;
    Limits limits;
    limits.max_flows_per_destination = kFlows;
    Agent agent(limits);
    auto const before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (std::size_t i = 0; i < kFlows; ++i) {
        agent.port = static_cast<std::uint16_t>(10'000 + i);
        auto const flow = agent.connect();
        agent.write(flow, "an answer");
        agent.lines();
        agent.send({.sequence = 1, .acknowledgement = 10, .flags = wire::kAck, .window = 512});
        agent.stack.take_events();
    }
    EXPECT_EQ(agent.stack.flow_count(), kFlows);
    EXPECT_LT((mallinfo2().uordblks + mallinfo2().hblkhd - before) / kFlows, 1024u);
}

TEST(Fairness, ASmallAnswerOvertakesABulk)
{
    Agent agent;
    FlowId const bulk = agent.connect();
    agent.port = 40001;
    FlowId const small = agent.connect();
    agent.write(bulk, std::string(200'000, 'b'));
    agent.write(small, "s");
    auto const seen = agent.drain();
    ASSERT_GE(seen.size(), 2u);
    EXPECT_EQ(seen[0].payload.size(), 1u);
}

TEST(Segments, LongerThanTheAgentTakesAreMarkedForTheKernelToCut)
{
    Agent agent;
    Packet options(4);
    wire::put32(options, 0, 0x020405b4); // MSS 1460
    agent.send({.flags = kSyn, .options = options});
    FlowId const flow = agent.take<TcpOpened>().at(0).flow;
    agent.stack.accept(flow, agent.now);
    agent.lines();
    agent.send({.sequence = 1, .acknowledgement = 1, .flags = kAck, .window = 65535});
    agent.write(flow, std::string(14'600, 'x'));
    auto const seen = agent.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].offload.segmentation, wire::Segmentation::Tcp4);
    EXPECT_EQ(seen[0].offload.segment_size, 1460);
    EXPECT_EQ(seen[0].payload.size(), 14'600u);
}

TEST(Stranger, IsResetAndCounted)
{
    Agent agent;
    agent.send({.sequence = 7, .acknowledgement = 9, .flags = kAck, .payload = "x"});
    EXPECT_THAT(agent.lines(), ElementsAre("R seq=9 len=0"));
    EXPECT_EQ(agent.stack.drops().no_flow, 1u);
}

} // namespace
} // namespace osh::netproxy::stack::test
