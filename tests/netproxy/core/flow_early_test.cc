#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

constexpr char const* kOpenPolicy = R"(version: 1
network_policies:
  anyone:
    endpoints:
      - { host: open.test, ports: [443, 2222] }
      - { host: "45.77.0.9", port: 2222 }
    binaries: [{ path: "/**" }]
  somebody:
    endpoints:
      - { host: some.test, port: 2222 }
      - { host: both.test, port: 2222 }
    binaries: [{ path: /usr/bin/curl }]
  both:
    endpoints:
      - { host: both.test, port: 2222 }
    binaries: [{ path: "/**" }]
)";

class FlowEarly : public Playbook
{
protected:
    FlowId syn_to_open()
    {
        start(WhenUnruled::Deny, kOpenPolicy);
        return syn_to("open.test", 2222);
    }
    policy::OwnerDepth depth_for(char const* name)
    {
        start(WhenUnruled::Deny, kOpenPolicy);
        syn_to(name, 2222);
        return one<AskOwner>()->query.depth;
    }
};

TEST_F(FlowEarly, AsksForProofWhereARuleNamesPrograms)
{
    EXPECT_EQ(depth_for("open.test"), policy::OwnerDepth::Shown);
    EXPECT_EQ(depth_for("some.test"), policy::OwnerDepth::Proven);
    EXPECT_EQ(depth_for("both.test"), policy::OwnerDepth::Proven);
    EXPECT_EQ(depth_for("unruled.test"), policy::OwnerDepth::Proven);
}

TEST_F(FlowEarly, DialsWhileTheOwnerIsLookedForAndAnswersOnlyThen)
{
    auto const flow = syn_to_open();
    EXPECT_NE(connects(), 0u);
    EXPECT_FALSE(side(flow).is_accepted);
    EXPECT_FALSE(told<policy::Decided>());
    owned_by(flow);
    EXPECT_TRUE(side(flow).is_accepted);
    EXPECT_EQ(told<policy::Decided>()->program.binary, "/usr/bin/curl");
}

TEST_F(FlowEarly, AnOwnerThatIsKnownFirstWaitsForTheUpstream)
{
    auto const flow = syn_to_open();
    owned_by(flow);
    EXPECT_FALSE(side(flow).is_accepted);
    EXPECT_NE(connects(), 0u);
    EXPECT_TRUE(side(flow).is_accepted);
}

TEST_F(FlowEarly, NothingIsReadFromTheUpstreamBeforeTheOwnerIsKnown)
{
    auto const flow = syn_to_open();
    auto const upstream = connects();
    EXPECT_FALSE(core->wants_upstream(upstream));
    EXPECT_TRUE(core->upstream_space(upstream).empty());
    owned_by(flow);
    EXPECT_TRUE(core->wants_upstream(upstream));
}

TEST_F(FlowEarly, ARefusalOfTheUpstreamIsToldWhenTheOwnerIsKnown)
{
    auto const flow = syn_to_open();
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->dial_failed(one<Dial>()->upstream, DialFailure::Refused, "refused", at);
    EXPECT_FALSE(side(flow).is_refused);
    owned_by(flow);
    EXPECT_TRUE(side(flow).is_refused);
    EXPECT_EQ(told<policy::Decided>()->program.binary, "/usr/bin/curl");
}

TEST_F(FlowEarly, ABlockedAddressIsRefusedWhenTheOwnerIsKnown)
{
    auto const flow = syn_to_open();
    EXPECT_EQ(connects("127.0.0.1"), 0u);
    EXPECT_FALSE(side(flow).unreachable);
    owned_by(flow);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
}

TEST_F(FlowEarly, WithoutAnOwnerNothingIsCarriedAndTheUpstreamIsClosed)
{
    auto const flow = syn_to_open();
    auto const upstream = connects();
    later(kOwnerTimeout);
    EXPECT_EQ(side(flow).unreachable, stack::Unreachable::AdminProhibited);
    EXPECT_EQ(one<CloseUpstream>()->upstream, upstream);
    owned_by(flow); // too late
    EXPECT_FALSE(side(flow).is_accepted);
}

TEST_F(FlowEarly, APolicyThatComesInBetweenDecides)
{
    auto const flow = syn_to_open();
    auto const upstream = connects();
    core->swap_policy(compiled("version: 1\n"), at);
    owned_by(flow);
    EXPECT_FALSE(side(flow).is_accepted);
    EXPECT_EQ(one<CloseUpstream>()->upstream, upstream);
}

TEST_F(FlowEarly, AnIdentityForShowingOpensNothingThatRulesNameProgramsFor)
{
    auto const flow = syn_to_open();
    connects();
    owned_by(flow);
    core->swap_policy(compiled(R"(version: 1
network_policies:
  somebody:
    endpoints: [{ host: open.test, ports: [443, 2222] }]
    binaries: [{ path: /usr/bin/curl }]
)"),
        at);
    EXPECT_TRUE(side(flow).is_reset);
}

class SecondLook : public Playbook
{
protected:
    FlowId ask_at_head(std::vector<policy::Holder> holders)
    {
        start();
        answers_again = false;
        auto const flow = open("rest.test", 80);
        one<AskOwner>();
        says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n\r\n");
        EXPECT_FALSE(one<Resolve>());
        auto const again = one<AskOwner>();
        EXPECT_TRUE(again && again->query.depth == policy::OwnerDepth::Proven);
        owned_by(flow, std::move(holders));
        return flow;
    }
};

TEST_F(SecondLook, TheSameProgramGoesOn)
{
    auto const flow = ask_at_head({holder("/usr/bin/curl")});
    EXPECT_NE(connects(), 0u);
    EXPECT_TRUE(side(flow).out.empty());
}

TEST_F(SecondLook, AnotherProgramAtTheRequestIsNobody)
{
    auto const flow = ask_at_head({holder("/usr/bin/wget")});
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
    auto const program = told<policy::Decided>()->program;
    EXPECT_EQ(program.binary, "/usr/bin/wget");
    EXPECT_EQ(program.taints, std::vector<std::string>{"handed on"});
    EXPECT_NE(side(flow).out.find("that it was /usr/bin/wget is not proven: another program had "
                                  "opened the connection"),
        std::string::npos)
        << side(flow).out;
}

TEST_F(SecondLook, AProgramThatBecomesTheRightOneOnTheWayIsNobody)
{
    start();
    answers_again = false;
    auto const flow = syn_to("rest.test", 80);
    owned_by(flow, {holder("/tmp/evil", false)});
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    owned_by(flow, {holder("/usr/bin/curl")});
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
}

TEST_F(SecondLook, ASocketThatNobodyHoldsAnyMoreIsNobodys)
{
    auto const flow = ask_at_head({});
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
    EXPECT_NE(side(flow).out.find("is not proven"), std::string::npos) << side(flow).out;
}

TEST_F(SecondLook, NoAnswerEndsTheConnection)
{
    start();
    answers_again = false;
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    later(kOwnerTimeout);
    EXPECT_TRUE(side(flow).is_finished);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(SecondLook, OnlyTheFirstHeadOfAConnectionAsks)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /no HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    answers_again = false;
    says(flow, "GET /no HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_FALSE(one<AskOwner>() && one<AskOwner>());
}

} // namespace osh::netproxy::core::test
