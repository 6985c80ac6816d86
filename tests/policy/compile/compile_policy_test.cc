#include "policy/compile/policy.h"
#include "policy/evaluate/evaluate.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

std::string problems(std::string text)
{
    return render(compile_policy({{"p.yaml", std::move(text), ""}}).diagnostics);
}

std::string endpoint(std::string_view fields)
{
    return "version: 1\nnetwork_policies:\n  p:\n    endpoints:\n      - { host: a.example.com, "
           "port: 443, "
           + std::string(fields) + " }\n    binaries: [ { path: \"**\" } ]\n";
}

TEST(CompilePolicy, PointsAtAnUnknownKeyAndItsNearestWord)
{
    EXPECT_EQ(
        problems("version: 1\nnetwork_policies:\n  p:\n    endpoints:\n"
                 "      - host: a.example.com\n        port: 443\n        enforcment: enforce\n"),
        "p.yaml:7:9: error: unknown key \"enforcment\" in endpoint\n"
        "    7 |         enforcment: enforce\n"
        "      |         ^^^^^^^^^^ did you mean \"enforcement\"?\n");
}

TEST(CompilePolicy, ListsAllErrorsOfAFileInOrder)
{
    EXPECT_EQ(problems("network_polices: {}\nprocess: { run_as_user: root }\n"
                       "filesystem_policy: { read_write: [/, tmp] }\n"),
        "p.yaml:1:1: error: unknown key \"network_polices\" in the policy\n"
        "    1 | network_polices: {}\n"
        "      | ^^^^^^^^^^^^^^^ did you mean \"network_policies\"?\n"
        "\n"
        "p.yaml:1:1: error: the policy has no version\n"
        "    1 | network_polices: {}\n"
        "      | ^ expected \"version: 1\" at the top\n"
        "\n"
        "p.yaml:2:25: error: run_as_user cannot be \"root\"\n"
        "    2 | process: { run_as_user: root }\n"
        "      |                         ^^^^ expected \"sandbox\" or an id from 1 to 4294967294\n"
        "\n"
        "p.yaml:3:35: error: the root directory cannot be writable\n"
        "    3 | filesystem_policy: { read_write: [/, tmp] }\n"
        "      |                                   ^\n"
        "help: name the directories that need it\n"
        "\n"
        "p.yaml:3:38: error: a filesystem path must be absolute\n"
        "    3 | filesystem_policy: { read_write: [/, tmp] }\n"
        "      |                                      ^^^ expected \"/\" at the start\n");
}

TEST(CompilePolicy, SaysWhereTwoEndpointsContradict)
{
    EXPECT_EQ(problems("version: 1\nnetwork_policies:\n  a:\n    endpoints:\n"
                       "      - { host: x.example.com, port: 443, tls: skip }\n"
                       "  b:\n    endpoints:\n      - { host: \"*.example.com\", port: 443 }\n"),
        "p.yaml:8:17: error: network endpoint ambiguity validation failed: this and line 5 in "
        "\"a\" "
        "can meet in one request and differ in: tls\n"
        "    8 |       - { host: \"*.example.com\", port: 443 }\n"
        "      |                 ^^^^^^^^^^^^^^^ make the two agree, or give them different "
        "paths\n");
}

TEST(CompilePolicy, WarnsWhereUpstreamWouldFailOpen)
{
    EXPECT_EQ(problems(endpoint("protocol: rest, access: read-only, enforcement: block")),
        "p.yaml:5:91: warning: \"block\" is not known here; osh enforces\n"
        "    5 |       - { host: a.example.com, port: 443, protocol: rest, access: read-only, "
        "enforcement: block }\n"
        "      |                                                                                   "
        "        ^^^^^ expected enforce or audit\n"
        "help: OpenShell takes any word but \"enforce\" for audit, which blocks nothing\n");
}

TEST(CompilePolicy, WarnsOfAnAddressInBrackets)
{
    std::string const head =
        "version: 1\nnetwork_policies:\n  p:\n    endpoints:\n      - { host: ";
    std::string const tail = ", port: 443 }\n    binaries: [ { path: \"**\" } ]\n";
    EXPECT_EQ(problems(head + "\"[2001:DB8::1]\"" + tail),
        "p.yaml:5:17: warning: no host will ever match this: an address stands without brackets "
        "here\n"
        "    5 |       - { host: \"[2001:DB8::1]\", port: 443 }\n"
        "      |                 ^^^^^^^^^^^^^^^ write \"2001:db8::1\"\n");
    EXPECT_EQ(problems(head + "\"2001:db8::1\"" + tail), "");
    EXPECT_EQ(problems(head + "\"[a-z]\"" + tail), "");
}

TEST(CompilePolicy, RemembersFileLineAndApproval)
{
    auto const compiled = compile_policy({{"base.yaml", endpoint("tls: skip"), ""},
        {"grant",
            "version: 1\nnetwork_policies:\n  g:\n    endpoints: [ { host: g.example.com, port: "
            "443 } ]\n"
            "    binaries: [ { path: \"**\" } ]\n",
            "g-7"}});
    ASSERT_TRUE(compiled.policy) << render(compiled.diagnostics);
    ConnectQuestion question{{"/usr/bin/curl", {}}, "a.example.com", 443};
    auto verdict = evaluate(*compiled.policy, question).verdict;
    EXPECT_EQ(verdict.rule.file, "base.yaml");
    EXPECT_EQ(verdict.rule.line, 5u);
    question.host = "g.example.com";
    verdict = evaluate(*compiled.policy, question).verdict;
    EXPECT_EQ(verdict.rule.file, "approval g-7");
}

} // namespace
} // namespace osh::policy
