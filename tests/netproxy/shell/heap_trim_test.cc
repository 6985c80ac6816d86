#include "netproxy/shell/heap_trim.h"

#include <gtest/gtest.h>

namespace osh::netproxy::shell
{
namespace
{

constexpr Instant kStart{1'000'000'000};
constexpr std::uint64_t kMuch = 40u << 20;

} // namespace

TEST(HeapTrim, ComesOnceAWhileAfterMuchWasGivenUp)
{
    HeapTrim trim;
    EXPECT_FALSE(trim.is_due(kMuch, kStart));
    EXPECT_EQ(trim.next_deadline(), Instant::never());
    EXPECT_FALSE(trim.is_due(0, kStart + 1s));
    EXPECT_EQ(trim.next_deadline(), kStart + 1s + kTrimInterval);
    EXPECT_TRUE(trim.is_due(0, kStart + 1s + kTrimInterval));
    EXPECT_FALSE(trim.is_due(0, kStart + 20s));
    EXPECT_EQ(trim.next_deadline(), Instant::never()); // an idle session wakes up for nothing
}

TEST(HeapTrim, DoesNotComeWhereItIsUsedAgainOrLittle)
{
    HeapTrim trim;
    trim.is_due(kMuch, kStart);
    EXPECT_FALSE(trim.is_due(0, kStart));
    EXPECT_FALSE(trim.is_due(kMuch, kStart + 2s));
    EXPECT_FALSE(trim.is_due(kMuch, kStart + kTrimInterval));
    EXPECT_FALSE(trim.is_due(kMuch - kWorthTrimming, kStart + 20s)); // more than half
    HeapTrim small;
    small.is_due(kWorthTrimming - 1, kStart);
    small.is_due(0, kStart);
    EXPECT_FALSE(small.is_due(0, kStart + 20s));
}

} // namespace osh::netproxy::shell
