#include "policy/explain/lint.h"

#include "policy/compile/policy.h"

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

TEST(Lint, FindsWidePushesAndRulesThatAreNotAsked)
{
    auto const text =
        linted("        rules:\n"
               "          - allow: {git: {repository: o/r, operation: push, force: true}}\n"
               "          - allow: {method: POST, path: \"/**/git-receive-pack\"}\n");
    EXPECT_THAT(text, testing::HasSubstr("a push rule without refs permits every branch"));
    EXPECT_THAT(text, testing::HasSubstr("overwrite the history of every branch"));
    EXPECT_THAT(
        text, testing::HasSubstr("where a git rule names the repository, this rule is not"));
    EXPECT_EQ(linted("        rules:\n"
                     "          - allow: {git: {repository: o/r, operation: fetch}}\n"
                     "          - allow: {git: {repository: o/r, operation: push, refs: [a]}}\n"),
        "");
}

TEST(Lint, IsSilentAboutRulesThatDiffer)
{
    EXPECT_EQ(linted("        rules:\n          - allow: {method: GET, path: /x, query: {a: b}}\n"
                     "          - allow: {method: GET, path: /x}\n"
                     "          - allow: {method: POST, path: /x}\n"),
        "");
}

constexpr char const* kEveryTrap = R"(version: 1
network_policies:
  a:
    endpoints:
      - host: api.example.com
        port: 443
        protocol: rest
        rules:
          - allow: {method: GET}
          - allow: {method: GET, path: "/x/**"}
          - allow: {method: GET, path: "/v", query: {v: "1.*"}}
          - allow: {method: GET, path: nolead}
          - allow: {path: /y}
        deny_rules:
          - {method: DELETE}
      - {host: github.com, port: 443}
      - {host: "https://api.example.org", port: 443}
    binaries: []
  b:
    endpoints:
      - {host: c.example.com, port: 443}
    binaries: [{path: /tmp/tool}, {path: "/home/u/bin/x"}, {path: curl}, {path: /usr/bin/node}]
  c:
    endpoints: []
    binaries: [{path: /usr/bin/curl}]
  d:
    endpoints:
      - {host: "*.example.net", port: 443}
)";

// What the compiler warns about comes first, then what lint alone knows.
constexpr char const* kEveryWarning =
    R"(p.yaml:17:16: warning: this is a URL: no host will ever match it
   17 |       - {host: "https://api.example.org", port: 443}
      |                ^^^^^^^^^^^^^^^^^^^^^^^^^ write the bare name: api.example.com

p.yaml:18:15: warning: "a" names no binary, so nobody may use it
   18 |     binaries: []
      |               ^^ write "**" for any program

p.yaml:7:19: warning: without "enforcement: enforce" nothing is blocked, only reported
    7 |         protocol: rest
      |                   ^^^^

p.yaml:9:20: warning: a rule without a path allows nothing
    9 |           - allow: {method: GET}
      |                    ^^^^^^^^^^^^^ write path: "**" for every path

p.yaml:10:40: warning: this does not match "/x" itself
   10 |           - allow: {method: GET, path: "/x/**"}
      |                                        ^^^^^^^ add a rule for it if it is meant

p.yaml:11:57: warning: in a query value "*" stops at a dot
   11 |           - allow: {method: GET, path: "/v", query: {v: "1.*"}}
      |                                                         ^^^^^ write "**" to match dots too

p.yaml:12:40: warning: a request path starts with "/": this matches nothing
   12 |           - allow: {method: GET, path: nolead}
      |                                        ^^^^^^

p.yaml:13:20: warning: a rule without a method allows nothing
   13 |           - allow: {path: /y}
      |                    ^^^^^^^^^^ write method: "*" for every method

p.yaml:15:13: warning: a deny rule without a path blocks every path here
   15 |           - {method: DELETE}
      |             ^^^^^^^^^^^^^^^^
help: OpenShell never applies it; write path: "**" to have the same in both

p.yaml:16:16: warning: uninspected access to github.com: anybody can store anything there
   16 |       - {host: github.com, port: 443}
      |                ^^^^^^^^^^ add a protocol and rules

p.yaml:22:23: warning: the agent may be able to replace this program, and gets its rights
   22 |     binaries: [{path: /tmp/tool}, {path: "/home/u/bin/x"}, {path: curl}, {path: /usr/bin/node}]
      |                       ^^^^^^^^^

p.yaml:22:42: warning: the agent may be able to replace this program, and gets its rights
   22 |     binaries: [{path: /tmp/tool}, {path: "/home/u/bin/x"}, {path: curl}, {path: /usr/bin/node}]
      |                                          ^^^^^^^^^^^^^^^

p.yaml:22:67: warning: a program is known by its absolute path: this matches none
   22 |     binaries: [{path: /tmp/tool}, {path: "/home/u/bin/x"}, {path: curl}, {path: /usr/bin/node}]
      |                                                                   ^^^^

p.yaml:26:3: warning: "d" names no binary, so nobody may use it
   26 |   d:
      |   ^ write "**" for any program
)";

TEST(Lint, NamesEverySilentTrapInWholeSentences)
{
    std::string const told = render(compile_policy({{"p.yaml", kEveryTrap, ""}}).diagnostics) + "\n"
                             + render(lint(read_yaml("p.yaml", kEveryTrap)));
    EXPECT_EQ(told, kEveryWarning);
}

} // namespace
} // namespace osh::policy
