#include "launcher/broker/caller.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

std::string status(std::string const& threads, std::string const& own, std::string const& shared,
    std::string const& blocked)
{
    return "Name:\tSigPnd:\nUmask:\t0022\nThreads:\t" + threads + "\nSigQ:\t1/63445\nSigPnd:\t"
           + own + "\nShdPnd:\t" + shared + "\nSigBlk:\t" + blocked
           + "\nSigIgn:\t0000000000001000\n";
}

constexpr char kNone[] = "0000000000000000", kTerm[] = "0000000000004000",
               kHighest[] = "8000000000000000";

TEST(InterruptionIn, SeesNoneWithoutAPendingSignal)
{
    EXPECT_EQ(interruption_in(status("1", kNone, kNone, kNone)), Interruption::None);
    EXPECT_EQ(interruption_in(""), Interruption::None) << "the thread is gone";
}

TEST(InterruptionIn, DoesNotCountBlockedSignals)
{
    EXPECT_EQ(interruption_in(status("1", kTerm, kTerm, kTerm)), Interruption::None);
    EXPECT_EQ(interruption_in(status("1", kHighest, kNone, kTerm)), Interruption::Restart);
}

TEST(InterruptionIn, LetsTheKernelDecideWhereTheSignalIsSurelyThisThreads)
{
    EXPECT_EQ(interruption_in(status("9", kTerm, kNone, kNone)), Interruption::Restart);
    EXPECT_EQ(interruption_in(status("1", kNone, kTerm, kNone)), Interruption::Restart);
    EXPECT_EQ(interruption_in(status("2", kNone, kTerm, kNone)), Interruption::Fail);
}

} // namespace
} // namespace osh::launcher
