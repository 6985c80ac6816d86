#include "netproxy/stack/name_pool.h"

#include <gtest/gtest.h>

namespace osh::netproxy::stack
{
namespace
{

NamePool pool_of(std::size_t capacity)
{
    return NamePool(
        *AddressBlock::parse("198.18.0.0/15"), *AddressBlock::parse("fd00:5::/64"), capacity);
}

constexpr Instant kStart{1};
constexpr Duration kAskedEpoch = 2min; // of names that were only looked up

TEST(NamePool, GivesANameTheSameAddressesEachTime)
{
    auto pool = pool_of(10);
    auto const first = pool.addresses_for("a.example", kStart);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->v4.text(), "198.18.0.1");
    EXPECT_EQ(first->v6.text(), "fd00:5::1");
    EXPECT_NE(pool.addresses_for("b.example", kStart)->v4, first->v4);
    EXPECT_EQ(pool.addresses_for("a.example", kStart)->v4, first->v4);
}

TEST(NamePool, GivesTheNameBack)
{
    auto pool = pool_of(10);
    auto const given = *pool.addresses_for("a.example", kStart);
    EXPECT_EQ(pool.name_of(given.v4, kStart), "a.example");
    EXPECT_EQ(pool.name_of(given.v6, kStart), "a.example");
    for (char const* text : {"198.18.0.2", "198.18.0.0", "192.0.2.1", "fd00:5::2", "fd00:6::1",
             "fd00:5:0:0:1::1", "fd00:5::1:0:1"})
        EXPECT_EQ(pool.name_of(*IpAddress::parse(text), kStart), "") << text;
}

TEST(NamePool, KnowsItsBlocks)
{
    auto const pool = pool_of(10);
    EXPECT_TRUE(pool.is_synthetic(*IpAddress::parse("198.19.255.1")));
    EXPECT_TRUE(pool.is_synthetic(*IpAddress::parse("fd00:5::ffff")));
    EXPECT_FALSE(pool.is_synthetic(*IpAddress::parse("198.20.0.1")));
}

TEST(NamePool, ReplacesTheNameUnusedForLongestAfterItsEpoch)
{
    auto pool = pool_of(2);
    auto const a = *pool.addresses_for("a", kStart);
    auto const b = *pool.addresses_for("b", kStart + 1s);
    EXPECT_FALSE(pool.addresses_for("c", kStart + 2s).has_value());
    pool.name_of(a.v4, kStart + 3s); // a connection uses it
    EXPECT_FALSE(pool.addresses_for("c", kStart + kAskedEpoch).has_value());
    auto const c = pool.addresses_for("c", kStart + 1s + kAskedEpoch);
    ASSERT_TRUE(c.has_value());
    EXPECT_EQ(c->v4, b.v4);
    EXPECT_EQ(pool.name_of(b.v4, kStart + 2s + kAskedEpoch), "c");
    EXPECT_EQ(pool.name_of(a.v4, kStart + 2s + kAskedEpoch), "a");
}

TEST(NamePool, HoldsNoMoreThanItsBlocksHave)
{
    NamePool pool(*AddressBlock::parse("198.18.0.0/30"), *AddressBlock::parse("fd00:5::/64"), 100);
    EXPECT_TRUE(pool.addresses_for("a", kStart).has_value());
    EXPECT_TRUE(pool.addresses_for("b", kStart).has_value());
    EXPECT_FALSE(pool.addresses_for("c", kStart).has_value());
}

} // namespace
TEST(NamePool, NamesThatNobodyConnectedToGiveWayFirst)
{
    NamePool pool(*AddressBlock::parse("198.19.0.0/16"), *AddressBlock::parse("fd00::/64"), 2);
    Instant const start{1'000'000'000};
    auto const used = *pool.addresses_for("used.test", start);
    auto const asked = *pool.addresses_for("asked.test", start + 1s);
    EXPECT_EQ(pool.name_of(used.v4, start), "used.test");
    EXPECT_FALSE(pool.addresses_for("new.test", start + kAskedEpoch));
    auto const fresh = pool.addresses_for("new.test", start + kAskedEpoch + 1s);
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->v4, asked.v4);
    EXPECT_EQ(pool.name_of(used.v4, start + kAskedEpoch + 1s), "used.test");
    EXPECT_EQ(pool.name_of(fresh->v6, start + kAskedEpoch + 1s), "new.test");
}

} // namespace osh::netproxy::stack
