#include "policy/evaluate/evaluate.h"

#include "policy/evaluate/canonical_path.h"
#include "policy/evaluate/graphql_document.h"
#include "policy/evaluate/json_body.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

std::shared_ptr<Policy const> policy_of(std::string_view entries)
{
    auto const compiled =
        compile_policy({{"p.yaml", "version: 1\nnetwork_policies:\n" + std::string(entries), ""}});
    EXPECT_TRUE(compiled.policy) << render(compiled.diagnostics);
    return compiled.policy;
}

constexpr std::string_view kBoth = R"(  l4:
    endpoints: [ { host: a.example.com, port: 443 } ]
    binaries: [ { path: /usr/bin/curl }, { path: /usr/bin/raw } ]
  l7:
    endpoints: [ { host: a.example.com, port: 443, protocol: rest, enforcement: enforce, access: read-only } ]
    binaries: [ { path: /usr/bin/curl } ]
)";

ConnectQuestion asked_by(std::string_view binary)
{
    return {{binary, {}}, "a.example.com", 443};
}

TEST(Evaluate, InspectsWhenAnyMatchingRuleMustLookInside)
{
    auto const policy = policy_of(kBoth);
    EXPECT_EQ(evaluate(*policy, asked_by("/usr/bin/curl")).inspection, Inspection::Terminate);
    EXPECT_EQ(evaluate(*policy, asked_by("/usr/bin/raw")).inspection, Inspection::Splice);
}

TEST(Evaluate, LetsAnL4RuleOpenNoHoleInAnL7Rule)
{
    auto const policy = policy_of(kBoth);
    RequestQuestion question{asked_by("/usr/bin/curl"), "rest", "POST", "/x", ""};
    EXPECT_EQ(evaluate(*policy, question).reason, "POST /x not permitted by policy");
    question.connection = asked_by("/usr/bin/raw");
    EXPECT_EQ(evaluate(*policy, question).decision, Decision::Allow);
}

TEST(Evaluate, SaysWhyNobodyMayConnect)
{
    auto const policy = policy_of(kBoth);
    EXPECT_EQ(evaluate(*policy, asked_by("/bin/sh")).verdict.code, DenyCode::WrongBinary);
    auto question = asked_by("/usr/bin/curl");
    question.host = "b.example.com";
    EXPECT_EQ(evaluate(*policy, question).verdict.reason,
        "endpoint b.example.com:443 is not allowed by any policy");
}

TEST(Evaluate, SaysWhetherItMattersAnywhereWhoAsks)
{
    EXPECT_TRUE(relies_on_callers(*policy_of(kBoth)));
    EXPECT_FALSE(relies_on_callers(
        *policy_of("  all:\n    endpoints: [ { host: a.example.com, port: 443 } ]\n"
                   "    binaries: [ { path: \"/**\" } ]\n")));
    EXPECT_TRUE(relies_on_callers(Policy{})) << "in doubt, yes";
}

TEST(Evaluate, AnswersNamesThatSomeRuleCouldMatch)
{
    auto const policy =
        policy_of("  p:\n    endpoints: [ { host: \"*.example.com\", port: 1 } ]\n");
    EXPECT_TRUE(may_be_asked_for(*policy, "X.example.com"));
    EXPECT_FALSE(may_be_asked_for(*policy, "example.com"));
    EXPECT_FALSE(may_be_asked_for(*policy, std::string(300, 'a') + ".example.com"));
}

TEST(Evaluate, AsksForTheBodyOnlyWhereARuleReadsIt)
{
    auto const policy = policy_of(
        "  p:\n    endpoints: [ { host: a.example.com, port: 443, protocol: graphql, enforcement: "
        "enforce, access: read-only } ]\n    binaries: [ { path: \"**\" } ]\n");
    RequestQuestion question{asked_by("/x"), "graphql", "POST", "/graphql", ""};
    EXPECT_TRUE(evaluate(*policy, question).needs_body);
    question.body = R"({"query":"mutation { x }"})";
    EXPECT_EQ(evaluate(*policy, question).decision, Decision::Deny);
    question.body = R"({"query":"{ x }"})";
    EXPECT_EQ(evaluate(*policy, question).decision, Decision::Allow);
}

TEST(CheckAddress, KeepsPatternsOutOfPrivateNetworks)
{
    auto const policy = policy_of("  p:\n    endpoints: [ { host: \"*.example.com\", port: 443 }, "
                                  "{ host: in.example.org, port: "
                                  "443 } ]\n    binaries: [ { path: \"**\" } ]\n");
    auto const decide = [&](std::string_view host, std::string_view address) {
        return check_address(*policy, {{"/x", {}}, host, 443}, *IpAddress::parse(address)).decision;
    };
    EXPECT_EQ(decide("a.example.com", "10.0.0.1"), Decision::Deny);
    EXPECT_EQ(decide("a.example.com", "8.8.8.8"), Decision::Allow);
    EXPECT_EQ(decide("in.example.org", "10.0.0.1"), Decision::Allow);
    EXPECT_EQ(decide("in.example.org", "169.254.169.254"), Decision::Deny);
}

std::string canonical(std::string_view path)
{
    auto const target = canonical_target(path, "", "h");
    return target ? target->path : "refused";
}

TEST(CanonicalTarget, HasOneSpellingForAPath)
{
    EXPECT_EQ(canonical("/a/./b"), "/a/b");
    EXPECT_EQ(canonical("/a/b/.."), "/a/");
    EXPECT_EQ(canonical("/a//b"), "/a/b");
    EXPECT_EQ(canonical("/%61%2e%2E/..;x/b"), "/b");
    EXPECT_EQ(canonical("/caf%c3%a9"), "/caf%C3%A9");
    EXPECT_EQ(canonical("http://h:1/x"), "/x");
    EXPECT_EQ(canonical(""), "/");
}

TEST(CanonicalTarget, RefusesWhatHasNoSafeReading)
{
    for (std::string_view path : {"/..", "/%2e%2e", "a", "*", "/a%", "/a%4", "/a%00", "/a b",
             "/a#b", "/\xc3\xa9", "/a%2f..", "http://other/x"})
        EXPECT_EQ(canonical(path), "refused") << path;
}

TEST(ParseGraphql, FindsRootFieldsThroughFragmentsAndAliases)
{
    auto const found = parse_graphql(
        "query A($x: [Int!]! = [1, {a: \"}\"}]) @d(b: 1) { y: me { deep } ... on Q { list } ...F }"
        " fragment F on Q { last ...F }",
        "A");
    ASSERT_TRUE(found) << found.error().sentence;
    EXPECT_EQ(found->fields, (std::vector<std::string>{"last", "list", "me"}));
}

TEST(ParseGraphql, RefusesBrokenDocuments)
{
    for (std::string_view text : {"", "{", "{}", "{ a", "query { a } }", "fragment F on Q { a }",
             "{ a(x: ) }", "{ a \"", "type Q { a: Int }"})
        EXPECT_FALSE(parse_graphql(text, "")) << text;
    std::string deep(5000, '{');
    EXPECT_FALSE(parse_graphql(deep, ""));
}

TEST(ParseJson, RefusesDepthDuplicatesAndTails)
{
    EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
    EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
    EXPECT_FALSE(parse_json("{} x"));
    EXPECT_FALSE(parse_json("\"\xff\""));
    EXPECT_TRUE(parse_json(R"({"a":[1,true,null,"x"]})"));
}

} // namespace
} // namespace osh::policy
