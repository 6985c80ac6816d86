#include "policy/model/glob.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

bool path(std::string_view pattern, std::string_view text)
{
    return Glob(pattern, '/').matches(text);
}

TEST(Glob, StarStaysInsideOneComponent)
{
    EXPECT_TRUE(path("/repos/*", "/repos/a"));
    EXPECT_FALSE(path("/repos/*", "/repos/a/b"));
    EXPECT_TRUE(path("/*", "/"));
    EXPECT_TRUE(path("/a/*", "/a/.hidden"));
    EXPECT_FALSE(path("*", "/a"));
}

TEST(Glob, DoubleStarAtTheEndNeedsTheSlashBefore)
{
    EXPECT_TRUE(path("/repos/**", "/repos/"));
    EXPECT_TRUE(path("/repos/**", "/repos/a/b"));
    EXPECT_FALSE(path("/repos/**", "/repos"));
    EXPECT_TRUE(path("/**", "/"));
    EXPECT_TRUE(path("/**", "/a/b"));
}

TEST(Glob, DoubleStarInTheMiddleMayBeNothing)
{
    EXPECT_TRUE(path("/v1/**/x", "/v1/x"));
    EXPECT_TRUE(path("/v1/**/x", "/v1/a/b/x"));
    EXPECT_FALSE(path("/v1/**/x", "/v1/ax"));
    EXPECT_TRUE(path("/**/", "/a/"));
    EXPECT_FALSE(path("/**/", "/a"));
    EXPECT_TRUE(path("/**/info/refs*", "/o/r.git/info/refs"));
    EXPECT_TRUE(path("/**/info/refs*", "/info/refs"));
}

TEST(Glob, DoubleStarGluedToTextIsAStar)
{
    EXPECT_TRUE(path("/v1/a**", "/v1/abc"));
    EXPECT_FALSE(path("/v1/a**", "/v1/a/b"));
}

TEST(Glob, DoubleStarAtTheStartMayBeNothing)
{
    EXPECT_TRUE(path("**/x", "x"));
    EXPECT_TRUE(path("**/x", "/x"));
    EXPECT_TRUE(path("**/x", "a/b/x"));
    EXPECT_FALSE(path("**/x", "ax"));
}

TEST(Glob, KnowsClassesAlternativesAndEscapes)
{
    EXPECT_TRUE(path("/r[0-9]/x", "/r5/x"));
    EXPECT_FALSE(path("/n[!0-9]/x", "/n5/x"));
    EXPECT_TRUE(path("/n[^0-9]/x", "/na/x"));
    EXPECT_TRUE(path("/{red,bl{ue,ack}}/x", "/black/x"));
    EXPECT_FALSE(path("/{red,blue}/x", "/green/x"));
    EXPECT_TRUE(path("/lit\\*star", "/lit*star"));
    EXPECT_FALSE(path("/lit\\*star", "/litXstar"));
    EXPECT_TRUE(path("/v?/s", "/v1/s"));
    EXPECT_FALSE(path("/v?/s", "/v//s"));
}

TEST(Glob, MatchesNothingWhenItIsBroken)
{
    for (std::string_view pattern : {"/open[", "/open{a", "/close}", "x\\", "[z-a]"}) {
        Glob const glob(pattern, '/');
        EXPECT_FALSE(glob.is_valid()) << pattern;
        EXPECT_FALSE(glob.matches(pattern)) << pattern;
    }
}

TEST(Glob, TakesTheDotForSeparatorOfValues)
{
    EXPECT_TRUE(Glob("1.*", '.').matches("1.4"));
    EXPECT_FALSE(Glob("1.*", '.').matches("1.4.2"));
    EXPECT_TRUE(Glob("foo-*", '.').matches("foo-a/b"));
    EXPECT_TRUE(Glob("**", '.').matches("a.b/c.d"));
}

TEST(Glob, StaysFastOnHostileInput)
{
    std::string const pattern = [] {
        std::string out;
        for (int i = 0; i < 60; ++i)
            out += "*a";
        return out + "b";
    }();
    EXPECT_FALSE(path(pattern, std::string(4000, 'a')));
}

} // namespace
} // namespace osh::policy
