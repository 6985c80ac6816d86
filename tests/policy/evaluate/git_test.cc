#include "policy/evaluate/evaluate.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

CompiledPolicy compiled(std::string_view rules, std::string_view denials = "")
{
    std::string text = "version: 1\nnetwork_policies:\n  git:\n    endpoints:\n"
                       "      - host: git.test\n        port: 443\n        protocol: rest\n"
                       "        enforcement: enforce\n        rules:\n";
    text += rules;
    if (!denials.empty())
        text += "        deny_rules:\n" + std::string(denials);
    return compile_policy({{"p.yaml", text + "    binaries: [{ path: \"**\" }]\n", ""}});
}

constexpr std::string_view kRules = R"(
          - allow: {git: {repository: "team/*", operation: fetch}}
          - allow: {git: {repository: team/app.git, operation: push, refs: ["agent/*", main], force: false}}
          - allow: {git: {repository: free/**, operation: push, force: true, delete: true, tags: true}}
          - allow: {method: "*", path: "**"}
)";

struct Asked {
    std::string_view method, path, query;
    std::vector<GitCommand> commands{};
    bool knows_push = false;
};

Verdict ask(CompiledPolicy const& policy, Asked const& asked)
{
    EXPECT_TRUE(policy.policy) << render(policy.diagnostics);
    GitPush push{asked.commands, {}};
    RequestQuestion question;
    question.connection = {{"/usr/bin/git", {}}, "git.test", 443};
    question.protocol = "rest";
    question.method = asked.method;
    question.path = asked.path;
    question.query = asked.query;
    if (asked.knows_push || !asked.commands.empty())
        question.push = &push;
    return evaluate(*policy.policy, question);
}

Verdict pushed(std::string_view path, GitCommand command)
{
    return ask(compiled(kRules), {"POST", path, "", {std::move(command)}});
}

constexpr std::string_view kApp = "/team/app.git/git-receive-pack";
constexpr std::string_view kFree = "/free/deep/er/git-receive-pack";

TEST(GitRules, AsksForThePushBeforeItDecides)
{
    auto const verdict = ask(compiled(kRules), {"POST", kApp, ""});
    EXPECT_TRUE(verdict.needs_push && verdict.is_open());
    EXPECT_EQ(verdict.decision, Decision::Deny);
    EXPECT_EQ(ask(compiled(kRules), {"POST", kApp, "", {}, true}).decision, Decision::Allow);
}

TEST(GitRules, AllowABranchThatIsNamed)
{
    EXPECT_EQ(pushed(kApp, {"refs/heads/agent/x"}).decision, Decision::Allow);
    EXPECT_EQ(pushed("/team/app/git-receive-pack", {"refs/heads/main"}).decision, Decision::Allow);
    EXPECT_EQ(pushed(kApp, {"refs/heads/agent/x/y"}).decision, Decision::Deny);
    EXPECT_EQ(pushed(kApp, {"refs/heads/other"}).reason,
        "git push team/app: refs/heads/other may not be pushed, only refs/heads/agent/*, "
        "refs/heads/main");
    EXPECT_EQ(pushed(kApp, {"refs/notes/agent/x"}).decision, Decision::Deny);
}

TEST(GitRules, MoveOnlyForwardUnlessForceIsAllowed)
{
    auto const update = GitChange::Update;
    EXPECT_EQ(pushed(kApp, {"refs/heads/main", update, true}).decision, Decision::Allow);
    EXPECT_EQ(pushed(kApp, {"refs/heads/main", update, false}).reason,
        "git push team/app: refs/heads/main may only move forward, and this push is not seen to "
        "keep its commits (force)");
    EXPECT_EQ(pushed(kFree, {"refs/heads/main", update, false}).decision, Decision::Allow);
}

TEST(GitRules, DeleteAndTagOnlyWhereARuleSaysSo)
{
    EXPECT_EQ(pushed(kApp, {"refs/heads/agent/x", GitChange::Delete}).decision, Decision::Deny);
    EXPECT_EQ(pushed(kFree, {"refs/heads/x", GitChange::Delete}).decision, Decision::Allow);
    EXPECT_EQ(pushed(kApp, {"refs/tags/v1"}).decision, Decision::Deny);
    EXPECT_EQ(pushed(kFree, {"refs/tags/v1"}).decision, Decision::Allow);
    EXPECT_EQ(pushed(kFree, {"refs/pull/1/head"}).decision, Decision::Deny); // no branch
}

TEST(GitRules, NeedEveryCommandAllowed)
{
    auto const policy = compiled(kRules);
    EXPECT_EQ(
        ask(policy, {"POST", kApp, "", {{"refs/heads/agent/x"}, {"refs/heads/agent/y"}}}).decision,
        Decision::Allow);
    EXPECT_EQ(ask(policy, {"POST", kApp, "", {{"refs/heads/agent/x"}, {"refs/heads/z"}}}).decision,
        Decision::Deny);
}

TEST(GitRules, HaveTheLastWordOnARepositoryTheyName)
{
    auto const policy = compiled(kRules);
    // A rule for every path stands beside them.
    EXPECT_EQ(ask(policy, {"POST", "/else/x.git/git-receive-pack", ""}).decision, Decision::Allow);
    EXPECT_EQ(pushed(kApp, {"refs/heads/z"}).decision, Decision::Deny);
    EXPECT_EQ(ask(policy, {"GET", "/team/app.git/info/lfs/x", ""}).decision, Decision::Allow);
}

TEST(GitRules, TellDiscoveryOfAFetchFromThatOfAPush)
{
    auto const policy = compiled(R"(
          - allow: {git: {repository: team/docs, operation: fetch}}
)");
    std::string_view const refs = "/team/docs.git/info/refs";
    EXPECT_EQ(ask(policy, {"GET", refs, "service=git-upload-pack"}).decision, Decision::Allow);
    EXPECT_EQ(ask(policy, {"GET", refs, "service=git-receive-pack"}).decision, Decision::Deny);
    EXPECT_EQ(ask(policy, {"GET", refs, ""}).decision, Decision::Deny);
    EXPECT_EQ(
        ask(policy, {"GET", refs, "service=git-upload-pack&service=git-receive-pack"}).decision,
        Decision::Deny);
    EXPECT_EQ(
        ask(policy, {"POST", "/team/docs.git/git-upload-pack", ""}).decision, Decision::Allow);
    EXPECT_EQ(
        ask(policy, {"POST", "/team/docs.git/git-receive-pack", ""}).decision, Decision::Deny);
    EXPECT_EQ(ask(policy, {"GET", "/team/other.git/info/refs", "service=git-upload-pack"}).decision,
        Decision::Deny);
    EXPECT_EQ(ask(policy, {"GET", "/team/docs/HEAD", ""}).decision, Decision::Deny);
    EXPECT_EQ(ask(policy, {"GET", refs, "service=git-receive-pack"}).reason,
        "git push team/docs: not permitted by policy");
}

TEST(GitRules, DenyInEitherCaseOfLettersAndAcrossSlashes)
{
    auto const policy = compiled(R"(
          - allow: {git: {repository: "**", operation: push}}
          - allow: {method: "*", path: "**"}
)",
        R"(
          - {git: {repository: team/secret}}
          - {git: {operation: push, refs: ["release*", "refs/tags/*"]}}
)");
    EXPECT_EQ(ask(policy, {"GET", "/Team/Secret.git/info/refs", "service=git-upload-pack"}).code,
        DenyCode::RuleDenied);
    EXPECT_EQ(ask(policy, {"POST", "/team/secret/git-receive-pack", "", {{"refs/heads/a"}}}).code,
        DenyCode::RuleDenied);
    EXPECT_EQ(ask(policy, {"POST", "/a/b/git-receive-pack", "", {{"refs/heads/Release/1"}}}).code,
        DenyCode::RuleDenied);
    EXPECT_EQ(ask(policy, {"POST", "/a/b/git-receive-pack", "", {{"refs/heads/a"}}}).decision,
        Decision::Allow);
}

TEST(GitRules, RefusePushOptionsThatNoRuleNames)
{
    auto const policy = compiled(R"(
          - allow: {git: {repository: a/b, operation: push, push_options: ["ci.*"]}}
)");
    GitPush push{{{"refs/heads/x"}}, {"ci.skip"}};
    RequestQuestion question;
    question.connection = {{"/usr/bin/git", {}}, "git.test", 443};
    question.method = "POST";
    question.path = "/a/b/git-receive-pack";
    question.push = &push;
    EXPECT_EQ(evaluate(*policy.policy, question).decision, Decision::Allow);
    push.options = {"merge_request.create"};
    EXPECT_EQ(evaluate(*policy.policy, question).reason,
        "git push a/b: no rule permits the push option \"merge_request.create\"");
}

TEST(GitRules, AreRefusedWhereTheyContradictThemselves)
{
    struct Case {
        std::string_view rule, message;
    };
    for (auto const& one : {
             Case{"{repository: a/b}", "a git rule needs operation"},
             Case{"{operation: push}", "a git rule needs repository"},
             Case{"{repository: a/b, operation: pull}", "operation cannot be \"pull\""},
             Case{"{repository: a/b, operation: fetch, refs: [x]}",
                 "refs can be judged of a push only"},
             Case{"{repository: a/b, operation: push, refs: []}", "refs must not be empty"},
             Case{"{repository: a/b, operation: push, refs: [refs/tags/v*]}", "refs names tags"},
             Case{"{repository: a/b, operation: push, ref: x}", "unknown key \"ref\""},
         }) {
        auto const result = compiled("          - allow: {git: " + std::string(one.rule) + "}\n");
        EXPECT_FALSE(result.policy) << one.rule;
        EXPECT_NE(render(result.diagnostics).find(one.message), std::string::npos)
            << render(result.diagnostics);
    }
    EXPECT_FALSE(compiled("          - allow: {method: GET, path: /x, git: {repository: a/b, "
                          "operation: fetch}}\n")
                     .policy);
    EXPECT_FALSE(compiled("          - allow: {method: GET, path: /x}\n",
        "          - {git: {operation: push, force: true}}\n")
                     .policy);
}

} // namespace
} // namespace osh::policy
