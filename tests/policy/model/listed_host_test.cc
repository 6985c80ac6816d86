#include "policy/model/listed_host.h"

#include <gtest/gtest.h>

namespace osh::policy::test
{

TEST(ListedHost, IsANameOrAZoneBelowAWildcard)
{
    auto const name = parse_listed_host("Bank.Example.com.");
    ASSERT_TRUE(name.ok());
    EXPECT_TRUE(name->matches("bank.example.com"));
    EXPECT_FALSE(name->matches("x.bank.example.com"));
    auto const one = parse_listed_host("*.example.com");
    ASSERT_TRUE(one.ok());
    EXPECT_TRUE(one->matches("a.example.com"));
    EXPECT_FALSE(one->matches("example.com"));
    EXPECT_FALSE(one->matches("a.b.example.com"));
    EXPECT_FALSE(one->matches("aexample.com"));
    auto const any = parse_listed_host("**.example.com");
    ASSERT_TRUE(any.ok());
    EXPECT_TRUE(any->matches("a.b.example.com"));
    EXPECT_EQ(any->zone(), "example.com");
}

TEST(ListedHost, IsNothingElse)
{
    for (auto const* text : {"", ".", "*", "**", "*.", "a..b", "a b", "*.*.com", "a/*", "é.test"})
        EXPECT_FALSE(parse_listed_host(text).ok()) << text;
}

} // namespace osh::policy::test
