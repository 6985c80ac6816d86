#include "launcher/changes/line_diff.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace osh::launcher
{
namespace
{

std::string as_it_is(std::string_view line)
{
    return std::string(line);
}

std::string diff(std::string_view before, std::string_view after)
{
    return unified_hunks(diff_lines(before, after), as_it_is);
}

// What the lines say that a text was: with or without what was added.
std::string side(std::vector<DiffLine> const& lines, LineKind without)
{
    std::string text;
    for (auto const& line : lines)
        if (line.kind != without)
            text += std::string(line.text) + (line.has_newline ? "\n" : "");
    return text;
}

std::string numbers(int from, int to)
{
    std::string text;
    for (int i = from; i <= to; ++i)
        text += std::to_string(i) + "\n";
    return text;
}

TEST(LineDiff, SaysNothingAboutEqualTexts)
{
    EXPECT_EQ(diff("", ""), "");
    EXPECT_EQ(diff("a\nb", "a\nb"), "");
}

TEST(LineDiff, ShowsThreeLinesAroundAChange)
{
    std::string changed = numbers(1, 20);
    changed.replace(changed.find("10\n"), 3, "ten\n");
    EXPECT_EQ(
        diff(numbers(1, 20), changed), "@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n");
}

TEST(LineDiff, JoinsChangesThatLieCloseAndPartsOthers)
{
    EXPECT_EQ(diff(numbers(1, 30), "0\n" + numbers(1, 5) + numbers(7, 30) + "31\n"),
        "@@ -1,9 +1,9 @@\n+0\n 1\n 2\n 3\n 4\n 5\n-6\n 7\n 8\n 9\n@@ -28,3 +28,4 @@\n 28\n 29\n "
        "30\n"
        "+31\n");
}

TEST(LineDiff, NamesTheLineBeforeAnEmptyRange)
{
    EXPECT_EQ(diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
    EXPECT_EQ(diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

TEST(LineDiff, ALineWithoutNewlineIsAnotherLine)
{
    EXPECT_EQ(
        diff("a\nb", "a\nb\n"), "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
}

TEST(LineDiff, WritesEachLineAsItIsTold)
{
    EXPECT_EQ(unified_hunks(
                  diff_lines("", "a\x1b\n"), [](std::string_view) { return std::string("safe"); }),
        "@@ -0,0 +1 @@\n+safe\n");
}

TEST(LineDiff, HoldsBothTextsWhateverTheyAre)
{
    std::minstd_rand random(7);
    for (int round = 0; round < 400; ++round) {
        std::string texts[2];
        for (auto& text : texts)
            for (unsigned i = random() % 30; i > 0; --i)
                text += std::string(1, static_cast<char>('a' + random() % 4))
                        + (i == 1 && random() % 3 == 0 ? "" : "\n");
        auto const lines = diff_lines(texts[0], texts[1]);
        EXPECT_EQ(side(lines, LineKind::Added), texts[0]);
        EXPECT_EQ(side(lines, LineKind::Removed), texts[1]);
    }
}

TEST(LineDiff, TheScriptIsTheShortest)
{
    auto const lines = diff_lines("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n"); // Myers' example
    auto const edits = std::count_if(lines.begin(), lines.end(),
        [](DiffLine const& line) { return line.kind != LineKind::Same; });
    EXPECT_EQ(edits, 5);
}

TEST(LineDiff, GivesUpOnTheShortestWhereTooMuchDiffers)
{
    auto const before = "same\n" + numbers(0, 3000), after = "same\n" + numbers(10'000, 13'000);
    auto const lines = diff_lines(before, after);
    EXPECT_EQ(lines.size(), 1 + 3001 + 3001);
    EXPECT_EQ(side(lines, LineKind::Removed), after);
}

} // namespace
} // namespace osh::launcher
