#include "launcher/plan/attack_report.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::HasSubstr;

AttackVerdict verdict(char const* outside, char const* inside, AttackPermissions may = {})
{
    auto const text = [](std::string const& name, char const* outcome) {
        return name + "\t" + outcome + "\tbecause\nend\tof attempts\t\n";
    };
    auto const report = judge_attack(parse_attack_run(text("kernel.user-namespace", outside)),
        parse_attack_run(text("kernel.user-namespace", inside)), may);
    EXPECT_EQ(report.findings.size(), 1U);
    return report.findings[0].verdict;
}

TEST(AttackReport, CountsAsHeldOnlyWhatWorksOutside)
{
    EXPECT_EQ(verdict("worked", "refused"), AttackVerdict::Held);
    EXPECT_EQ(verdict("refused", "refused"), AttackVerdict::Unproven);
    EXPECT_EQ(verdict("broken", "refused"), AttackVerdict::Unproven);
    EXPECT_EQ(verdict("worked", "broken"), AttackVerdict::Unproven);
}

TEST(AttackReport, IsAnEscapeWhateverHappenedOutside)
{
    for (auto const* outside : {"worked", "refused", "broken"})
        EXPECT_EQ(verdict(outside, "worked"), AttackVerdict::Escaped);
}

TEST(AttackReport, KnowsWhatTheProfileOpensInWords)
{
    EXPECT_EQ(verdict("worked", "worked", {.nested = true}), AttackVerdict::Open);
    EXPECT_EQ(verdict("worked", "worked", {.debug = true}), AttackVerdict::Escaped);
    EXPECT_EQ(verdict("worked", "refused", {.nested = true}), AttackVerdict::Held);
}

TEST(AttackReport, WhatIsWrittenInAnOverlayHasNotReachedTheProject)
{
    auto const run =
        parse_attack_run("files.editor\tworked\t\nfiles.home\tworked\t\nend\tof attempts\t\n");
    auto const report = judge_attack(run, run, {.overlay = true});
    EXPECT_EQ(report.open, 1U);
    EXPECT_EQ(report.escaped, 1U);
    EXPECT_THAT(describe(report), HasSubstr("--protected"));
}

TEST(AttackReport, IsNoResultWhenARunEndedEarly)
{
    auto const whole = parse_attack_run("files.home\tworked\t\nend\tof attempts\t\n");
    auto const cut = parse_attack_run("files.home\trefused\t\n");
    EXPECT_TRUE(judge_attack(whole, whole, {}).is_whole);
    EXPECT_FALSE(judge_attack(whole, cut, {}).is_whole);
    EXPECT_THAT(describe(judge_attack(whole, cut, {})), HasSubstr("this is no result"));
    auto const silent = judge_attack(whole, {}, {});
    EXPECT_EQ(silent.held, 0U);
    EXPECT_EQ(silent.unproven, 1U);
}

TEST(AttackReport, ShowsTextFromInsideNeutralised)
{
    auto const run = parse_attack_run("files.home\tworked\t\x1b]0;x\x07\nend\tof\t\n");
    auto const text = describe(judge_attack(run, run, {}));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_THAT(text, HasSubstr("ESCAPED   files.home"));
    EXPECT_THAT(text, HasSubstr("0 of 1 proven attempts held"));
}

} // namespace
} // namespace osh::launcher
