#include "policy/explain/lint.h"

#include <gmock/gmock.h>

namespace osh::policy
{
namespace
{

std::string linted(std::string const& rules)
{
    return render(lint(read_yaml("p.yaml",
        "network_policies:\n  a:\n    endpoints:\n      - host: a.example.com\n        port: 443\n"
        "        protocol: rest\n        enforcement: enforce\n"
            + rules + "    binaries: [{path: /usr/bin/x}]\n")));
}

TEST(Lint, FindsARuleThatAnEarlierOneCovers)
{
    EXPECT_EQ(linted("        rules:\n"
                     "          - allow: {method: \"*\", path: \"**\"}\n"
                     "          - allow: {method: GET, path: /x}\n"),
        "p.yaml:10:20: warning: line 9 allows all of this already\n"
        "   10 |           - allow: {method: GET, path: /x}\n"
        "      |                    ^^^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST(Lint, FindsARuleThatADenyRuleTakesAway)
{
    EXPECT_EQ(linted("        rules:\n          - allow: {method: GET, path: /x}\n"
                     "        deny_rules:\n          - {method: get, path: /x}\n"),
        "p.yaml:9:20: warning: the deny rule in line 11 takes all of this away\n"
        "    9 |           - allow: {method: GET, path: /x}\n"
        "      |                    ^^^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST(Lint, IsSilentAboutRulesThatDiffer)
{
    EXPECT_EQ(linted("        rules:\n          - allow: {method: GET, path: /x, query: {a: b}}\n"
                     "          - allow: {method: GET, path: /x}\n"
                     "          - allow: {method: POST, path: /x}\n"),
        "");
}

} // namespace
} // namespace osh::policy
