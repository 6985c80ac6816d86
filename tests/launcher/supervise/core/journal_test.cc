#include "launcher/supervise/core/journal.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

TEST(Journal, WritesTimesWithMilliseconds)
{
    EXPECT_EQ(rfc3339(WallTime{1'700'000'000'123}), "2023-11-14T22:13:20.123Z");
}

TEST(Journal, ClipsAtACharactersBorder)
{
    EXPECT_EQ(clipped("aé", 2), "a");
    EXPECT_EQ(clipped("aé", 3), "aé");
}

TEST(Journal, ADecisionIsOneLineOfJson)
{
    policy::Decided decided;
    decided.kind = "request";
    decided.decision = "deny";
    decided.code = "no_rule";
    decided.target = {"a.example", 443, "https", "GET", "/x\n\x1b[31m", ""};
    auto const line = journal_line(decided, WallTime{0});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_TRUE(policy::json::parse(line, 65536).ok());
    EXPECT_TRUE(is_denied_line(line));
    auto const words = journal_line_for_people(line);
    ASSERT_TRUE(words);
    EXPECT_EQ(words->find('\x1b'), std::string::npos);
}

TEST(Journal, BoundsEachField)
{
    policy::Decided decided;
    decided.reason.assign(100'000, 'a');
    EXPECT_LT(journal_line(decided, WallTime{0}).size(), 2 * kJournalField);
}

TEST(Journal, WhatIsNoJournalLineIsSkipped)
{
    EXPECT_FALSE(journal_line_for_people("{\"when\":"));
    EXPECT_FALSE(journal_line_for_people(""));
}

TEST(JournalGate, LimitsLinesPerSecondAndCountsTheRest)
{
    JournalGate gate;
    Instant const now{5'000'000'000};
    for (std::uint32_t i = 0; i < kJournalLinesPerSecond; ++i)
        EXPECT_EQ(gate.admit(100, now), JournalGate::Word::Write);
    EXPECT_EQ(gate.admit(100, now), JournalGate::Word::Drop);
    EXPECT_EQ(gate.admit(100, now + 1s), JournalGate::Word::Write);
    EXPECT_EQ(gate.take_dropped(), 1u);
    EXPECT_EQ(gate.take_dropped(), 0u);
    EXPECT_EQ(gate.dropped_in_all(), 1u);
}

TEST(JournalGate, RotatesAFullFile)
{
    JournalGate gate(250);
    Instant const now{5'000'000'000};
    EXPECT_EQ(gate.admit(100, now), JournalGate::Word::Write);
    EXPECT_EQ(gate.admit(100, now), JournalGate::Word::Write);
    EXPECT_EQ(gate.admit(100, now), JournalGate::Word::RotateThenWrite);
    EXPECT_EQ(gate.admit(100, now), JournalGate::Word::Write);
}

} // namespace
} // namespace osh::launcher
