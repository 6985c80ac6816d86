// host.osh.internal, and what a pattern admits: by the rules alone.

#include "policy/evaluate/evaluate.h"

#include "policy/base/diagnostic.h"
#include "policy/compile/policy.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kPolicy = R"(version: 1
network_policies:
  named:
    endpoints: [ { host: host.osh.internal, port: 5432 }, { host: a.wild.test, port: 443 } ]
    binaries: [ { path: /usr/bin/psql } ]
  patterns:
    endpoints: [ { host: "*.osh.internal", port: 6379 }, { host: "*.wild.test", port: 443 },
                 { host: "*.b.wild.test", port: 443 }, { port: 8443, allowed_ips: [10.0.0.0/8] } ]
    binaries: [ { path: /usr/bin/psql } ]
)";

class HostService : public ::testing::Test
{
protected:
    void SetUp() override
    {
        auto compiled = compile_policy({{"p.yaml", std::string(kPolicy), ""}});
        ASSERT_TRUE(compiled.policy) << render(compiled.diagnostics);
        policy_ = compiled.policy;
    }
    static ConnectQuestion asks(std::string_view host, std::uint16_t port)
    {
        return {{"/usr/bin/psql", {}}, host, port};
    }
    Decision check(ConnectQuestion const& question, char const* address) const
    {
        return check_address(*policy_, question, *IpAddress::parse(address)).decision;
    }

    std::shared_ptr<Policy const> policy_;
};

} // namespace

TEST_F(HostService, IsOpenedByAnEndpointThatSpellsItOut)
{
    auto const question = asks("host.osh.internal", 5432);
    EXPECT_EQ(evaluate(*policy_, question).verdict.decision, Decision::Allow);
    EXPECT_EQ(check(question, "127.0.0.1"), Decision::Allow);
    EXPECT_EQ(check(question, "::1"), Decision::Allow);
    EXPECT_TRUE(may_be_asked_for(*policy_, "host.osh.internal"));
}

TEST_F(HostService, LeadsNowhereButToTheTwoLoopbackAddresses)
{
    for (auto const* address :
        {"127.0.0.2", "10.0.0.1", "169.254.169.254", "45.77.0.2", "0.0.0.0", "::ffff:127.0.0.1"})
        EXPECT_EQ(check(asks("host.osh.internal", 5432), address) == Decision::Allow,
            *IpAddress::parse(address) == *IpAddress::parse("127.0.0.1"))
            << address;
}

TEST_F(HostService, NoPatternOpensIt)
{
    EXPECT_EQ(evaluate(*policy_, asks("host.osh.internal", 6379)).verdict.decision, Decision::Deny);
    EXPECT_EQ(check(asks("host.osh.internal", 6379), "127.0.0.1"), Decision::Deny);
    EXPECT_FALSE(may_be_asked_for(*policy_, "host.docker.internal"));
}

TEST_F(HostService, DatagramsAreNotForIt)
{
    auto question = asks("host.osh.internal", 5432);
    question.transport = Transport::Udp;
    EXPECT_EQ(evaluate(*policy_, question).verdict.decision, Decision::Deny);
}

TEST_F(HostService, NoOtherNameLeadsToTheLoopback)
{
    EXPECT_EQ(check(asks("a.wild.test", 443), "127.0.0.1"), Decision::Deny);
    EXPECT_EQ(check(asks("c.wild.test", 443), "::1"), Decision::Deny);
}

TEST_F(HostService, AZoneIsThatOfThePatternThatAloneAdmits)
{
    EXPECT_EQ(zone_of_pattern(*policy_, asks("c.wild.test", 443)), "wild.test");
    EXPECT_EQ(zone_of_pattern(*policy_, asks("x.b.wild.test", 443)), "b.wild.test");
    EXPECT_EQ(zone_of_pattern(*policy_, asks("a.wild.test", 443)), "");
    EXPECT_EQ(zone_of_pattern(*policy_, asks("any.name", 8443)), ".");
    EXPECT_EQ(zone_of_pattern(*policy_, asks("any.name", 443)), "");
}

TEST_F(HostService, OnlyASpelledOutNameMayGoUnresolved)
{
    EXPECT_TRUE(may_go_unresolved(*policy_, asks("a.wild.test", 443)));
    EXPECT_FALSE(may_go_unresolved(*policy_, asks("c.wild.test", 443)));
    EXPECT_FALSE(may_go_unresolved(*policy_, asks("any.name", 8443)));
    EXPECT_FALSE(may_go_unresolved(*policy_, asks("any.name", 443)));
}

} // namespace osh::policy
