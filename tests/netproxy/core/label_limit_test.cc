#include "netproxy/core/label_limit.h"

#include <gtest/gtest.h>

namespace osh::netproxy::core
{
namespace
{

using enum LabelLimit::Answer;

constexpr Instant kStart{1'000'000'000};

} // namespace

TEST(LabelLimit, AdmitsSoManyNewNamesAMinuteAndZone)
{
    LabelLimit limit({2, 1000});
    EXPECT_EQ(limit.ask("a.test", "1.a.test", kStart), Admitted);
    EXPECT_EQ(limit.ask("a.test", "2.a.test", kStart), Admitted);
    EXPECT_EQ(limit.ask("a.test", "3.a.test", kStart + 59s), RefusedFirst);
    EXPECT_EQ(limit.ask("b.test", "1.b.test", kStart), Admitted);
    EXPECT_EQ(limit.ask("a.test", "3.a.test", kStart + 60s), Admitted);
    EXPECT_EQ(limit.refused(), 1u);
}

TEST(LabelLimit, AKnownNameCostsNothing)
{
    LabelLimit limit({1, 1000});
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(limit.ask("a.test", "1.a.test", kStart), Admitted);
    EXPECT_NE(limit.ask("a.test", "2.a.test", kStart), Admitted);
    EXPECT_EQ(limit.ask("a.test", "1.a.test", kStart), Admitted);
}

TEST(LabelLimit, CountsTheBytesInFrontOfTheZone)
{
    LabelLimit limit({20, 10});
    EXPECT_EQ(limit.ask("a.test", "12345678.a.test", kStart), Admitted); // nine, with the dot
    EXPECT_EQ(limit.ask("a.test", "1.a.test", kStart), RefusedFirst);
    EXPECT_EQ(limit.ask("a.test", "12345678.a.test", kStart), Admitted);
    EXPECT_EQ(limit.ask(".", "long.name.test", kStart), RefusedFirst); // all of it counts
    EXPECT_EQ(limit.ask(".", "b.test", kStart), Admitted);
    EXPECT_EQ(limit.ask("a.test", "1.a.test", kStart + 60s), Admitted);
}

TEST(LabelLimit, OnlyTheFirstRefusalOfAWindowIsNews)
{
    LabelLimit limit({1, 1000});
    limit.ask("a.test", "1.a.test", kStart);
    EXPECT_EQ(limit.ask("a.test", "2.a.test", kStart), RefusedFirst);
    EXPECT_EQ(limit.ask("a.test", "3.a.test", kStart), Refused);
    EXPECT_EQ(limit.ask("a.test", "4.a.test", kStart + 60s), Admitted);
    EXPECT_EQ(limit.ask("a.test", "5.a.test", kStart + 61s), RefusedFirst);
}

TEST(LabelLimit, ZeroAdmitsNoName)
{
    EXPECT_NE(LabelLimit({0, 1000}).ask("a.test", "1.a.test", kStart), Admitted);
    EXPECT_NE(LabelLimit({20, 0}).ask("a.test", "1.a.test", kStart), Admitted);
}

TEST(LabelLimit, ZonesAreBounded)
{
    LabelLimit limit({1, 1000});
    for (std::size_t i = 0; i < kMaxZones; ++i)
        EXPECT_EQ(limit.ask(std::to_string(i), "x", kStart), Admitted);
    EXPECT_EQ(limit.ask("one more", "x", kStart), RefusedFirst);
    EXPECT_EQ(limit.ask("and another", "x", kStart), Refused);
}

} // namespace osh::netproxy::core
