#include "netproxy/core/label_limit.h"

#include <gtest/gtest.h>

namespace osh::netproxy::core
{
namespace
{

constexpr Instant kStart{1'000'000'000};

} // namespace

TEST(LabelLimit, AdmitsSoManyNewNamesAMinuteAndZone)
{
    LabelLimit limit(2);
    EXPECT_TRUE(limit.admits("a.test", "1.a.test", kStart));
    EXPECT_TRUE(limit.admits("a.test", "2.a.test", kStart));
    EXPECT_FALSE(limit.admits("a.test", "3.a.test", kStart + 59s));
    EXPECT_TRUE(limit.admits("b.test", "1.b.test", kStart));
    EXPECT_TRUE(limit.admits("a.test", "3.a.test", kStart + 60s));
    EXPECT_EQ(limit.refused(), 1u);
}

TEST(LabelLimit, AKnownNameCostsNothing)
{
    LabelLimit limit(1);
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(limit.admits("a.test", "1.a.test", kStart));
    EXPECT_FALSE(limit.admits("a.test", "2.a.test", kStart));
    EXPECT_TRUE(limit.admits("a.test", "1.a.test", kStart));
}

TEST(LabelLimit, ZeroAdmitsNoName)
{
    EXPECT_FALSE(LabelLimit(0).admits("a.test", "1.a.test", kStart));
}

TEST(LabelLimit, ZonesAreBounded)
{
    LabelLimit limit(1);
    for (std::size_t i = 0; i < kMaxZones; ++i)
        EXPECT_TRUE(limit.admits(std::to_string(i), "x", kStart));
    EXPECT_FALSE(limit.admits("one more", "x", kStart));
}

} // namespace osh::netproxy::core
