#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class FlowUdp : public Playbook
{
protected:
    void begin(bool by_policy = true)
    {
        settings.udp_by_policy = by_policy;
        start();
    }
    void sends(IpAddress const& to, std::uint16_t port, std::string_view text,
        stack::Fragments fragments = stack::Fragments::Allowed)
    {
        auto const bytes = bytes_of(text);
        core->handle(stack::UdpReceived{{ip("192.0.0.2"), to, 40000, port},
                         {bytes.begin(), bytes.end()}, fragments},
            at);
    }
    IpAddress address_of(std::string_view name) { return names.addresses_for(name, at.now)->v4; }
    // The flow's number after its owner is known; 0 when nobody was asked.
    std::uint64_t owned()
    {
        auto const ask = one<AskOwner>();
        if (!ask)
            return 0;
        EXPECT_EQ(ask->query.ip_protocol, 17);
        owned_by(ask->query.id);
        return ask->query.id;
    }
    std::uint64_t open_to_raw()
    {
        sends(address_of("raw.test"), 2222, "one");
        auto const id = owned();
        core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
        return id;
    }
};

TEST_F(FlowUdp, IsRefusedAtOnceWhereTheProfileDoesNotAllowIt)
{
    begin(false);
    sends(address_of("raw.test"), 2222, "one");
    EXPECT_EQ(agent.refused_datagrams, 1);
    EXPECT_FALSE(one<AskOwner>());
}

TEST_F(FlowUdp, AConnectionRuleCarriesDatagramsBothWays)
{
    begin();
    auto const id = open_to_raw();
    auto const socket = one<OpenDatagrams>();
    ASSERT_TRUE(socket);
    EXPECT_EQ(socket->address, ip("45.77.0.2"));
    EXPECT_EQ(text_of(one<SendDatagram>()->payload), "one");
    sends(address_of("raw.test"), 2222, "two");
    EXPECT_EQ(text_of(one<SendDatagram>()->payload), "two");
    core->datagram_from_upstream(id, bytes_of("answer"), at);
    EXPECT_EQ(agent.datagrams, std::vector<std::string>{"answer"});
}

TEST_F(FlowUdp, ARuleAboutRequestsDoesNotAdmitDatagrams)
{
    begin();
    sends(address_of("rest.test"), 443, "one");
    owned();
    EXPECT_FALSE(one<Resolve>());
    EXPECT_EQ(agent.refused_datagrams, 1);
    EXPECT_EQ(told<policy::Decided>()->decision, "deny");
}

TEST_F(FlowUdp, ARefusalIsJournalledOnceAndToldEachTime)
{
    begin();
    sends(address_of("rest.test"), 443, "one");
    owned();
    sends(address_of("rest.test"), 443, "two");
    EXPECT_EQ(agent.refused_datagrams, 2);
    EXPECT_TRUE(told<policy::Decided>());
    EXPECT_FALSE(told<policy::Decided>());
}

TEST_F(FlowUdp, AnotherProgramsDatagramsAreRefused)
{
    begin();
    sends(address_of("raw.test"), 2222, "one");
    owned_by(one<AskOwner>()->query.id, {holder("/usr/bin/python3")});
    EXPECT_FALSE(one<Resolve>());
    EXPECT_EQ(agent.refused_datagrams, 1);
}

TEST_F(FlowUdp, ANameThatLeadsToThisMachineIsNotSentTo)
{
    begin();
    sends(address_of("raw.test"), 2222, "one");
    owned();
    core->resolved(one<Resolve>()->id, std::vector{ip("127.0.0.1")}, at);
    EXPECT_FALSE(one<OpenDatagrams>());
    EXPECT_EQ(agent.refused_datagrams, 1);
}

TEST_F(FlowUdp, EndsAfterAMinuteOfSilenceAndNotBefore)
{
    begin();
    open_to_raw();
    later(50s);
    sends(address_of("raw.test"), 2222, "two");
    later(50s);
    EXPECT_FALSE(one<CloseDatagrams>());
    later(11s);
    EXPECT_TRUE(one<CloseDatagrams>());
    EXPECT_TRUE(told<policy::FlowClosed>());
    EXPECT_EQ(core->next_deadline(), Instant::never());
}

TEST_F(FlowUdp, ANewPolicyEndsWhatItNoLongerAllows)
{
    begin();
    open_to_raw();
    core->swap_policy(compiled("version: 1\nnetwork_policies: {}\n"), at);
    EXPECT_TRUE(one<CloseDatagrams>());
}

TEST_F(FlowUdp, FlowsAreBounded)
{
    begin();
    for (std::size_t port = 0; port < kMaxUdpFlows + 3; ++port)
        sends(address_of("raw.test"), static_cast<std::uint16_t>(1 + port), "one");
    EXPECT_EQ(agent.refused_datagrams, 3);
}

TEST_F(FlowUdp, WhatMayNotBeCutIsNotCutEvenIfItWaited)
{
    begin();
    sends(address_of("raw.test"), 2222, "one", stack::Fragments::Never);
    sends(address_of("raw.test"), 2222, "two");
    owned();
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    EXPECT_EQ(one<SendDatagram>()->fragments, stack::Fragments::Never);
    EXPECT_EQ(one<SendDatagram>()->fragments, stack::Fragments::Allowed);
    sends(address_of("raw.test"), 2222, "three", stack::Fragments::Never);
    EXPECT_EQ(one<SendDatagram>()->fragments, stack::Fragments::Never);
}

TEST_F(FlowUdp, ADatagramThatIsTooLongIsToldWithTheSizeThatFits)
{
    begin();
    auto const id = open_to_raw();
    core->datagram_too_big(id, 1400, at);
    EXPECT_EQ(agent.told_mtu, 1400u);
    EXPECT_FALSE(one<CloseDatagrams>()); // shorter ones go on
}

TEST_F(FlowUdp, AServerOfTheOtherFamilyIsReached)
{
    begin();
    sends(names.addresses_for("raw.test", at.now)->v6, 2222, "one");
    owned();
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    EXPECT_EQ(one<OpenDatagrams>()->address, ip("45.77.0.2"));
    EXPECT_EQ(text_of(one<SendDatagram>()->payload), "one");
}

TEST_F(FlowUdp, AServerOfBothFamiliesIsReachedByTheOneThatWasAsked)
{
    begin();
    sends(names.addresses_for("raw.test", at.now)->v6, 2222, "one");
    owned();
    std::vector const both{ip("45.77.0.2"), ip("2001:4860::1"), ip("2001:4860::2")};
    core->resolved(one<Resolve>()->id, both, at);
    EXPECT_EQ(one<OpenDatagrams>()->address, ip("2001:4860::1"));
}

TEST_F(FlowUdp, WhatFitsOverIpv6IsToldWithoutItsLongerHeader)
{
    begin();
    sends(address_of("raw.test"), 2222, "one", stack::Fragments::Never);
    auto const id = owned();
    core->resolved(one<Resolve>()->id, std::vector{ip("2001:4860::1")}, at);
    core->datagram_too_big(id, 1400, at);
    EXPECT_EQ(agent.told_mtu, 1380u);
}

TEST_F(FlowUdp, ADatagramOfIpv6ThatIsTooLongIsNotTold)
{
    begin();
    sends(names.addresses_for("raw.test", at.now)->v6, 2222, "one");
    auto const id = owned();
    core->resolved(one<Resolve>()->id, std::vector{ip("2001:4860::1")}, at);
    ASSERT_TRUE(one<OpenDatagrams>());
    core->datagram_too_big(id, 1400, at);
    EXPECT_EQ(agent.told_mtu, 0u); // the kernel inside would cut all that follows
    EXPECT_FALSE(one<CloseDatagrams>());
}

} // namespace osh::netproxy::core::test
