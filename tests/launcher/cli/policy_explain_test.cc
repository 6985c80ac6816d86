// `osh policy explain`: the decision, and what is near it.

#include "tests/launcher/cli/policy_verbs.h"

namespace osh::cli
{
namespace
{

TEST_F(PolicyVerbs, ExplainSaysWhyAndWhatIsNear)
{
    write("p.yaml", kPolicy);
    auto const told = run({"explain", "p.yaml", "--host", "api.example.com", "--binary",
        "/usr/bin/gh", "--method", "POST", "--path", "/x"});
    EXPECT_EQ(told.out, "deny\n"
                        "  why:  POST /x not permitted by policy\n"
                        "  rule: api in p.yaml:5\n"
                        "  path: /x (as it was judged)\n"
                        "  near: with method GET it is allowed\n"
                        "  near: with method HEAD it is allowed\n"
                        "  near: with method OPTIONS it is allowed\n");
    EXPECT_EQ(told.code, kPolicyNo);
}

TEST_F(PolicyVerbs, ExplainNamesTheProgramThatMay)
{
    write("p.yaml", kPolicy);
    auto const told =
        run({"explain", "p.yaml", "--host", "api.example.com", "--binary", "/bin/sh"});
    EXPECT_EQ(told.out, "deny\n"
                        "  why:  binary '/bin/sh' not allowed in policy 'api'\n"
                        "  rule: api in p.yaml:5\n"
                        "  near: from /usr/bin/gh it is allowed  (api, p.yaml:3)\n");
}

TEST_F(PolicyVerbs, ExplainNamesTheHostAndThePathThatWereMeant)
{
    write("p.yaml", R"(version: 1
network_policies:
  api:
    endpoints:
      - host: api.example.com
        port: 443
        protocol: rest
        enforcement: enforce
        rules:
          - allow: {method: GET, path: "/repos/**"}
    binaries: [{path: /usr/bin/gh}]
)");
    auto const host = run({"explain", "p.yaml", "--host", "api.exmaple.com", "--binary",
        "/usr/bin/gh", "--path", "/repos/a"});
    EXPECT_THAT(host.out, HasSubstr("  near: to api.example.com it is allowed\n"));
    auto const path = run({"explain", "p.yaml", "--host", "api.example.com", "--binary",
        "/usr/bin/gh", "--path", "/users/a"});
    EXPECT_THAT(
        path.out, HasSubstr("  near: at a path like \"/repos/**\" it is allowed  (p.yaml:10)\n"));
}

TEST_F(PolicyVerbs, ExplainCountsParentsAndAddresses)
{
    write("p.yaml", kPolicy);
    auto const child = run({"explain", "p.yaml", "--host", "api.example.com", "--binary",
        "/usr/bin/git", "--ancestor", "/usr/bin/gh", "--method", "GET"});
    EXPECT_THAT(child.out, StartsWith("allow\n"));
    auto const inward = run({"explain", "p.yaml", "--host", "api.example.com", "--binary",
        "/usr/bin/gh", "--address", "169.254.169.254"});
    EXPECT_THAT(inward.out, StartsWith("deny\n"));
}

TEST_F(PolicyVerbs, ExplainAsJsonHoldsTheNearMisses)
{
    write("p.yaml", kPolicy);
    auto const told =
        run({"explain", "p.yaml", "--host", "api.example.com", "--binary", "/bin/sh", "--json"});
    EXPECT_EQ(told.out,
        "{\"decision\":\"deny\",\"rule\":{\"policy\":\"api\",\"file\":\"p.yaml\",\"line\":5},"
        "\"step\":\"connection\",\"reason\":\"binary '/bin/sh' not allowed in policy 'api'\","
        "\"near\":[\"from /usr/bin/gh it is allowed  (api, p.yaml:3)\"]}\n");
}

TEST_F(PolicyVerbs, ExplainNeedsAHost)
{
    write("p.yaml", kPolicy);
    auto const told = run({"explain", "p.yaml"});
    EXPECT_EQ(
        told.err, "osh policy explain: --host is missing. See `osh policy explain --help`.\n");
    EXPECT_EQ(told.code, kPolicyUsage);
}

} // namespace
} // namespace osh::cli
