#include "policy/evaluate/middleware.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

std::shared_ptr<Policy const> policy_with(LayerRank rank)
{
    std::string const text = "version: 1\nnetwork_middlewares:\n  m:\n    middleware: "
                             "openshell/regex\n    order: 1\n    endpoints: {include: "
                             "[\"*.example.com\"], exclude: [x.example.com]}\n";
    auto const compiled = compile_policy({{"p.yaml", text, "", rank}});
    EXPECT_TRUE(compiled.policy) << render(compiled.diagnostics);
    return compiled.policy;
}

TEST(ApplyMiddlewares, BlanksKeysOnSelectedHosts)
{
    auto const policy = policy_with(LayerRank::Profile);
    EXPECT_EQ(apply_middlewares(*policy, "API.example.com", R"({"k":"sk-abcdefghij0123456789"})"),
        R"({"k":"[redacted]"})");
    EXPECT_EQ(apply_middlewares(*policy, "x.example.com", "sk-abcdefghij0123456789"),
        "sk-abcdefghij0123456789");
    EXPECT_EQ(apply_middlewares(*policy, "other.test", "sk-abcdefghij0123456789"),
        "sk-abcdefghij0123456789");
}

TEST(MiddlewareDuty, NamesTheStrictestThatSelectsTheHost)
{
    auto const policy = policy_with(LayerRank::Profile);
    EXPECT_TRUE(middleware_duty(*policy, "A.example.com").must_look());
    EXPECT_EQ(middleware_duty(*policy, "a.example.com").name, "m");
    EXPECT_FALSE(middleware_duty(*policy, "x.example.com").selects());
    EXPECT_FALSE(middleware_duty(*policy, "example.com").selects());
}

TEST(ApplyMiddlewares, LeavesWordsAlone)
{
    auto const policy = policy_with(LayerRank::Profile);
    for (char const* text : {"", "sk-", "pip install sk-learn", "task-abcdefghij0123456789", "sk"})
        EXPECT_EQ(apply_middlewares(*policy, "a.example.com", text), text);
    EXPECT_EQ(apply_middlewares(*policy, "a.example.com", "sk-x sk-abcdefghij0123456 y"),
        "sk-x [redacted] y");
}

} // namespace
} // namespace osh::policy
