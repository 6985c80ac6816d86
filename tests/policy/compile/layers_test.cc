// Layers of several ranks: who grants, who narrows, and what the answers say about it.

#include "policy/compile/policy.h"
#include "policy/evaluate/evaluate.h"

#include <gmock/gmock.h>

namespace osh::policy
{
namespace
{

using testing::HasSubstr;

PolicyLayer layer(LayerRank rank, std::string const& name, std::string const& endpoints)
{
    return {name,
        "version: 1\nnetwork_policies:\n  " + name + ":\n    endpoints: [" + endpoints
            + "]\n    binaries: [{path: \"**\"}]\n",
        "", rank};
}

std::shared_ptr<Policy const> policy_of(std::vector<PolicyLayer> const& layers)
{
    auto const compiled = compile_policy(layers);
    EXPECT_TRUE(compiled.policy) << render(compiled.diagnostics);
    return compiled.policy;
}

constexpr char const* kA = "{host: a.example.com, port: 443}";
constexpr char const* kB = "{host: b.example.com, port: 443}";
constexpr char const* kReadA =
    "{host: a.example.com, port: 443, protocol: rest, enforcement: enforce, access: read-only}";

ConnectVerdict to(Policy const& policy, std::string_view host)
{
    return evaluate(policy, ConnectQuestion{{"/bin/x", {}}, host, 443});
}

Decision request(Policy const& policy, std::string_view method)
{
    return evaluate(
        policy, RequestQuestion{{{"/bin/x", {}}, "a.example.com", 443}, "rest", method, "/", ""})
        .decision;
}

TEST(PolicyLayers, OfGrantingRanksAreOnePolicy)
{
    auto const policy =
        policy_of({layer(LayerRank::Profile, "base", kA), layer(LayerRank::User, "mine", kB),
            layer(LayerRank::Session, "now", "{host: c.example.com, port: 443}")});
    for (char const* host : {"a.example.com", "b.example.com", "c.example.com"})
        EXPECT_EQ(to(*policy, host).verdict.decision, Decision::Allow) << host;
}

TEST(PolicyLayers, OfAProjectTakeAwayWhatTheyDoNotName)
{
    auto const policy = policy_of({layer(LayerRank::Profile, "base", std::string(kA) + ", " + kB),
        layer(LayerRank::Project, "theirs", kA)});
    EXPECT_EQ(to(*policy, "a.example.com").verdict.decision, Decision::Allow);
    auto const refused = to(*policy, "b.example.com").verdict;
    EXPECT_EQ(refused.decision, Decision::Deny);
    EXPECT_EQ(refused.reason,
        "endpoint b.example.com:443 is not allowed by any policy (says the project layer)");
}

TEST(PolicyLayers, OfAProjectGrantNothing)
{
    auto const policy = policy_of({layer(LayerRank::Profile, "base", kA),
        layer(LayerRank::Project, "theirs", std::string(kA) + ", " + kB)});
    EXPECT_EQ(to(*policy, "b.example.com").verdict.decision, Decision::Deny);
    EXPECT_FALSE(may_be_asked_for(*policy, "b.example.com"));
    EXPECT_TRUE(may_be_asked_for(*policy, "a.example.com"));
}

TEST(PolicyLayers, OfAProjectMayLookCloser)
{
    auto const policy = policy_of(
        {layer(LayerRank::Profile, "base", kA), layer(LayerRank::Project, "theirs", kReadA)});
    EXPECT_EQ(to(*policy, "a.example.com").inspection, Inspection::Terminate);
    EXPECT_EQ(request(*policy, "GET"), Decision::Allow);
    EXPECT_EQ(request(*policy, "POST"), Decision::Deny);
}

TEST(PolicyLayers, OfTheSessionStandAboveTheProject)
{
    auto const policy = policy_of({layer(LayerRank::Profile, "base", kA),
        layer(LayerRank::Project, "theirs", kA), layer(LayerRank::Session, "now", kB)});
    EXPECT_EQ(to(*policy, "b.example.com").verdict.decision, Decision::Allow);
    EXPECT_TRUE(may_be_asked_for(*policy, "b.example.com"));
}

TEST(PolicyLayers, OfTheMachineBindTheSessionToo)
{
    auto const policy = policy_of({layer(LayerRank::Profile, "base", kA),
        layer(LayerRank::Session, "now", kB), layer(LayerRank::Global, "admin", kA)});
    auto const refused = to(*policy, "b.example.com").verdict;
    EXPECT_EQ(refused.decision, Decision::Deny);
    EXPECT_THAT(refused.reason, HasSubstr("says the global layer"));
}

TEST(PolicyLayers, CannotLookIntoWhatIsKeptClosed)
{
    auto const policy =
        policy_of({layer(LayerRank::Profile, "base", "{host: a.example.com, port: 443, tls: skip}"),
            layer(LayerRank::Project, "theirs", kReadA)});
    auto const refused = to(*policy, "a.example.com").verdict;
    EXPECT_EQ(refused.decision, Decision::Deny);
    EXPECT_THAT(refused.reason, HasSubstr("must look into this traffic"));
}

TEST(PolicyLayers, OfAProjectCannotOpenPrivateAddresses)
{
    auto const policy =
        policy_of({layer(LayerRank::Profile, "base", "{host: \"*.a.example.com\", port: 443}"),
            layer(LayerRank::Project, "theirs",
                "{host: x.a.example.com, port: 443, allowed_ips: [10.0.0.0/24]}")});
    ConnectQuestion const question{{"/bin/x", {}}, "x.a.example.com", 443};
    EXPECT_EQ(
        check_address(*policy, question, *IpAddress::parse("10.0.0.5")).decision, Decision::Deny);
}

TEST(PolicyLayers, RememberWhereEachRuleCameFrom)
{
    auto const policy = policy_of({layer(LayerRank::Profile, "base", kA),
        {"grant.yaml",
            "version: 1\nnetwork_policies:\n  g:\n    endpoints: [{host: b.example.com, port: "
            "443}]\n    binaries: [{path: \"**\"}]\n",
            "g-7", LayerRank::Session}});
    EXPECT_EQ(to(*policy, "a.example.com").verdict.rule.file, "base");
    EXPECT_EQ(to(*policy, "a.example.com").verdict.rule.line, 4u);
    EXPECT_EQ(to(*policy, "b.example.com").verdict.rule.file, "approval g-7");
}

TEST(PolicyLayers, ReportTheErrorsOfEveryRank)
{
    auto const compiled = compile_policy({{"a.yaml", "version: 1\nx: 1\n", ""},
        {"b.yaml", "version: 1\ny: 1\n", "", LayerRank::Project},
        {"c.yaml", "version: 1\nz: 1\n", "", LayerRank::Session}});
    EXPECT_FALSE(compiled.policy);
    EXPECT_EQ(compiled.diagnostics.size(), 3u) << render(compiled.diagnostics);
}

PolicyLayer files(LayerRank rank, std::string const& reads, std::string const& writes)
{
    return {"f.yaml",
        "version: 1\nfilesystem_policy:\n  include_workdir: true\n  read_only: [" + reads
            + "]\n  read_write: [" + writes + "]\n",
        "", rank};
}

TEST(PolicyLayers, NarrowFilesToWhatBothName)
{
    auto const policy = policy_of({files(LayerRank::Profile, "/usr, /etc", "/work, /data"),
        files(LayerRank::Project, "/usr/lib, /work, /home", "/data/x")});
    EXPECT_THAT(policy->filesystem.read_only, testing::UnorderedElementsAre("/usr/lib", "/work"));
    EXPECT_THAT(policy->filesystem.read_write, testing::ElementsAre("/data/x"));
    EXPECT_TRUE(policy->ceilings.empty());
}

} // namespace
} // namespace osh::policy
