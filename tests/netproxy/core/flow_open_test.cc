#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

using FlowOpen = Playbook;

TEST_F(FlowOpen, AsksForTheOwnerBeforeAnythingElse)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    auto const ask = one<AskOwner>();
    ASSERT_TRUE(ask);
    EXPECT_EQ(ask->query.destination_port, 2222);
    EXPECT_FALSE(one<Resolve>());
    EXPECT_FALSE(side(flow).is_accepted);
}

TEST_F(FlowOpen, RefusesWhenNobodySaysWhoOwnsTheFlow)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    later(kOwnerTimeout);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
    owned_by(flow); // too late
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowOpen, HoldsTheHandshakeUntilTheUpstreamIsConnected)
{
    start();
    auto const flow = open("raw.test", 2222);
    EXPECT_FALSE(side(flow).is_accepted);
    ASSERT_NE(connects(), 0u);
    EXPECT_TRUE(side(flow).is_accepted);
}

TEST_F(FlowOpen, TellsTheTruthWhenTheUpstreamRefuses)
{
    start();
    auto const flow = open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->dial_failed(one<Dial>()->upstream, DialFailure::Refused, "refused", at);
    EXPECT_TRUE(side(flow).is_refused);
}

TEST_F(FlowOpen, LeavesConnectUnansweredWhereTheUpstreamIsSilent)
{
    start();
    auto const flow = open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->dial_failed(one<Dial>()->upstream, DialFailure::TimedOut, "Connection timed out", at);
    EXPECT_FALSE(side(flow).is_refused || side(flow).unreachable || side(flow).is_accepted);
}

TEST_F(FlowOpen, SaysHostUnreachableWhenTheNameCannotBeLookedUp)
{
    start();
    auto const flow = open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, fail(Errc::NotFound, "no such name"), at);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::Host);
}

TEST_F(FlowOpen, RefusesALiteralAddressThatNoRuleNames)
{
    start();
    auto const flow = syn(ip("45.77.0.2"), 443);
    owned_by(flow);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
    EXPECT_FALSE(one<Dial>());
}

TEST_F(FlowOpen, RefusesASyntheticAddressWithoutAName)
{
    start();
    auto const flow = syn(ip("198.18.77.77"), 443);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::Host);
    EXPECT_FALSE(one<AskOwner>());
}

TEST_F(FlowOpen, RefusesEverythingWhenTheNetworkIsOff)
{
    settings.network_off = true;
    start();
    auto const flow = syn_to("raw.test", 443);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
    EXPECT_FALSE(one<AskOwner>());
}

TEST_F(FlowOpen, DeniesAnotherProgramWithoutALookUp)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    owned_by(flow, {holder("/usr/bin/python3")});
    EXPECT_TRUE(side(flow).is_refused);
    EXPECT_FALSE(one<Resolve>());
    EXPECT_EQ(told<policy::Decided>()->code, "wrong_binary");
}

TEST_F(FlowOpen, DeniesASocketThatTwoProgramsHold)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    owned_by(flow, {holder("/usr/bin/curl"), holder("/usr/bin/python3")});
    EXPECT_TRUE(side(flow).is_refused);
    EXPECT_TRUE(told<policy::Decided>()->program.is_ambiguous);
}

TEST_F(FlowOpen, DoesNotBelieveABinaryTheAgentCanWrite)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    owned_by(flow, {holder("/usr/bin/curl", false)});
    EXPECT_TRUE(side(flow).is_refused);
    EXPECT_EQ(told<policy::Decided>()->program.binary, "untrusted:/usr/bin/curl");
}

TEST_F(FlowOpen, NeverDialsALinkLocalAddressBehindAnAllowedName)
{
    start();
    auto const flow = open("raw.test", 2222);
    EXPECT_EQ(connects("169.254.169.254"), 0u);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
}

TEST_F(FlowOpen, BoundsTheFlowsThatWaitForAnOwner)
{
    start();
    for (std::size_t i = 0; i < kMaxPendingOwners; ++i)
        syn_to("raw.test", 2222);
    auto const flow = syn_to("raw.test", 2222);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
}

TEST_F(FlowOpen, SplicesNothingOfATlsClientThatNamesAnotherHost)
{
    start();
    auto const flow = open("raw.test", 443);
    auto const upstream = connects();
    auto const hello = *upstream_tls->connect({"other.test", 443}, at.wall);
    hello->receive({});
    says(flow, text_of(hello->output()));
    EXPECT_TRUE(side(flow).is_reset);
    EXPECT_EQ(upstream_text(upstream), "");
}

TEST_F(FlowOpen, SplicesATlsClientThatNamesTheHost)
{
    start();
    auto const flow = open("raw.test", 443);
    auto const upstream = connects();
    auto const hello = *upstream_tls->connect({"raw.test", 443}, at.wall);
    hello->receive({});
    auto const text = std::string(text_of(hello->output()));
    for (char const c : text) // in the smallest pieces
        says(flow, std::string_view(&c, 1));
    EXPECT_EQ(upstream_text(upstream), text);
}

TEST_F(FlowOpen, PassesAHalfCloseOn)
{
    start();
    auto const flow = open("raw.test", 2222);
    auto const upstream = connects();
    says(flow, "hello");
    EXPECT_FALSE(core->has_finished_sending(upstream));
    side(flow).has_finished = true;
    core->sent_upstream(upstream, 5, at);
    EXPECT_TRUE(core->has_finished_sending(upstream));
    replies(upstream, "bye");
    core->upstream_ended(upstream, Ending::Finish, at);
    EXPECT_EQ(side(flow).out, "bye");
    EXPECT_TRUE(side(flow).is_finished);
}

TEST_F(FlowOpen, AHelloThatDripsHasNoMoreTimeThanAnother)
{
    start();
    for (auto const* name : {"rest.test", "raw.test"}) { // inspected, carried
        auto const flow = open(name, 443);
        connects();
        says(flow, std::string_view("\x16\x03\x01\x02\x00", 5));
        later(kHelloTimeout - 1s);
        says(flow, std::string_view("\x01", 1));
        EXPECT_FALSE(side(flow).is_reset) << name;
        later(1s);
        EXPECT_TRUE(side(flow).is_reset) << name;
    }
}

TEST_F(FlowOpen, WhileDescriptorsTravelNobodyIsProvenToBeTheOwner)
{
    start();
    auto const flow = syn_to("raw.test", 2222);
    core->owner_known({flow, {holder("/usr/bin/curl")}, true}, at);
    EXPECT_TRUE(side(flow).is_refused);
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->decision, "deny");
    EXPECT_EQ(line->program.taints, std::vector<std::string>{"in transit"});
}

} // namespace osh::netproxy::core::test
