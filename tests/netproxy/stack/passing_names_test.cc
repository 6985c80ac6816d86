#include "netproxy/stack/passing_names.h"

#include "netproxy/stack/name_pool.h"

#include <gtest/gtest.h>

namespace osh::netproxy::stack
{
namespace
{

constexpr Instant kStart{1'000'000'000};
constexpr Duration kKept = 2min;

PassingBlocks blocks(std::string_view v4, std::size_t capacity)
{
    return {*AddressBlock::parse(v4), *AddressBlock::parse("fd00:6::/64"), capacity};
}

TEST(PassingNames, GiveEachNewNameAnAddressOfItsOwn)
{
    PassingNames names(blocks("244.0.0.0/6", 4));
    auto const a = *names.addresses_for("a.test", kStart, kKept);
    auto const b = *names.addresses_for("b.test", kStart, kKept);
    EXPECT_EQ(a.v4.text(), "244.0.0.1");
    EXPECT_EQ(b.v6.text(), "fd00:6::2");
    EXPECT_EQ(names.addresses_for("a.test", kStart, kKept)->v4, a.v4);
    EXPECT_EQ(names.name_of(a.v4, kStart), "a.test");
    EXPECT_EQ(names.name_of(b.v6, kStart), "b.test");
    EXPECT_EQ(names.name_of(*IpAddress::parse("244.0.0.3"), kStart), "");
}

TEST(PassingNames, NeverLetAnAddressMeanAnotherName)
{
    PassingNames names(blocks("244.0.0.0/6", 4));
    auto const first = *names.addresses_for("n0", kStart, kKept);
    for (int i = 1; i < 100'000; ++i)
        ASSERT_TRUE(names.addresses_for("n" + std::to_string(i), kStart, kKept));
    EXPECT_EQ(names.name_of(first.v4, kStart), "");
    EXPECT_NE(names.addresses_for("n0", kStart, kKept)->v4, first.v4);
    EXPECT_EQ(names.name_of(first.v6, kStart), "");
}

TEST(PassingNames, KeepANameThatAConnectionUsed)
{
    PassingNames names(blocks("244.0.0.0/6", 2));
    auto const used = *names.addresses_for("used.test", kStart, kKept);
    EXPECT_EQ(names.name_of(used.v4, kStart), "used.test");
    for (int i = 0; i < 1000; ++i)
        ASSERT_TRUE(names.addresses_for("n" + std::to_string(i), kStart + 1s, kKept));
    EXPECT_EQ(names.name_of(used.v4, kStart + 1s), "used.test");
    for (int i = 0; i < 2; ++i)
        ASSERT_TRUE(names.addresses_for("m" + std::to_string(i), kStart + 1s + kKept, kKept));
    EXPECT_EQ(names.name_of(used.v4, kStart + 1s + kKept), "");
}

TEST(PassingNames, HaveNothingLeftWhenConnectionsUseAllPlaces)
{
    PassingNames names(blocks("244.0.0.0/6", 2));
    for (char const* name : {"a", "b"})
        names.name_of(names.addresses_for(name, kStart, kKept)->v4, kStart);
    EXPECT_FALSE(names.addresses_for("c", kStart, kKept));
    EXPECT_TRUE(names.addresses_for("a", kStart, kKept));
    EXPECT_TRUE(names.addresses_for("c", kStart + kKept, kKept));
}

TEST(PassingNames, AreGoneBeforeTheirNumberComesAgain)
{
    PassingNames names(blocks("244.0.0.0/28", 2)); // 14 addresses
    auto const used = *names.addresses_for("used.test", kStart, kKept);
    Instant now = kStart;
    bool has_gone = false;
    for (int i = 0; i < 60 && !has_gone; ++i) {
        now = now + 1min;
        auto const name = names.name_of(used.v4, now);
        EXPECT_TRUE(name == "used.test" || name.empty()) << name;
        has_gone = name.empty();
        ASSERT_TRUE(names.addresses_for("n" + std::to_string(i), now, kKept));
    }
    EXPECT_TRUE(has_gone);
}

TEST(PassingNames, MoveANameThatIsAskedForAgainBeforeItGoes)
{
    PassingNames names(blocks("244.0.0.0/6", 4));
    auto const early = *names.addresses_for("a", kStart, kKept);
    for (char const* name : {"b", "c", "d"})
        ASSERT_TRUE(names.addresses_for(name, kStart, kKept));
    auto const late = *names.addresses_for("a", kStart, kKept); // took the place of its own
    EXPECT_NE(late.v4, early.v4);
    ASSERT_TRUE(names.addresses_for("e", kStart, kKept));
    EXPECT_EQ(names.name_of(late.v4, kStart), "a");
}

TEST(NamePool, LetsNamesPassThroughWhenItIsFull)
{
    NamePool pool(*AddressBlock::parse("198.19.0.0/16"), *AddressBlock::parse("fd00:5::/64"), 2,
        blocks("244.0.0.0/6", 4));
    auto const a = *pool.addresses_for("a", kStart);
    ASSERT_TRUE(pool.addresses_for("b", kStart));
    auto const c = *pool.addresses_for("c", kStart);
    EXPECT_EQ(c.v4.text(), "244.0.0.1");
    EXPECT_GT(a.ttl_seconds, 0u);
    EXPECT_EQ(c.ttl_seconds, 0u); // nobody may believe in it for long
    EXPECT_EQ(pool.name_of(c.v4, kStart), "c");
    EXPECT_EQ(pool.name_of(a.v4, kStart), "a");
    EXPECT_TRUE(pool.is_synthetic(*IpAddress::parse("247.255.255.255")));
    EXPECT_FALSE(pool.is_synthetic(*IpAddress::parse("248.0.0.0")));
    EXPECT_EQ(pool.addresses_for("d", kStart + kKept)->v4.text(), "198.19.0.2") << "b's is free";
}

} // namespace
} // namespace osh::netproxy::stack
