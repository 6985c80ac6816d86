#include "launcher/supervise/core/listener_table.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

constexpr Instant kStart{1'000'000'000};

} // namespace

TEST(ListenerTable, LooksOnceAfterAStirAndNotAgainWithoutOne)
{
    ListenerTable table;
    EXPECT_TRUE(table.next_look().is_never());
    table.stirred(kStart);
    EXPECT_EQ(table.next_look(), kStart + kLookAfter);
    EXPECT_FALSE(table.take_due(kStart));
    EXPECT_TRUE(table.take_due(kStart + kLookAfter));
    EXPECT_TRUE(table.next_look().is_never());
}

TEST(ListenerTable, LooksAtMostOnceASecond)
{
    ListenerTable table;
    table.stirred(kStart);
    auto const looked = kStart + kLookAfter;
    ASSERT_TRUE(table.take_due(looked));
    table.stirred(looked + 1ms);
    EXPECT_EQ(table.next_look(), looked + kLookPause);
}

TEST(ListenerTable, TellsEachListenerOnceInASession)
{
    ListenerTable table;
    InsideListener const server{"127.0.0.1", 3000, 12, "/usr/bin/node"};
    EXPECT_EQ(table.update({server}).size(), 1u);
    EXPECT_TRUE(table.update({server}).empty());
    EXPECT_TRUE(table.update({}).empty());
    EXPECT_TRUE(table.update({server}).empty()); // a restart is no news
    EXPECT_EQ(table.update({server, {"::1", 3000, 12, ""}}).size(), 1u);
    EXPECT_EQ(table.now().size(), 2u);
}

TEST(ListenerTable, ABoundKeepsAFloodFromPeople)
{
    ListenerTable table;
    std::size_t told = 0;
    for (std::uint16_t port = 1; port < 2 * kMaxNoticed; ++port)
        told += table.update({{"127.0.0.1", port, 1, ""}}).size();
    EXPECT_EQ(told, kMaxNoticed);
}

} // namespace osh::launcher
