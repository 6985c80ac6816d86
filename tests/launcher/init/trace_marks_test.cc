#include "launcher/init/trace_marks.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

TEST(TraceMarks, ReadAScoreAsTheKernelWritesIt)
{
    EXPECT_EQ(parse_score("500\n"), 500);
    EXPECT_EQ(parse_score("-17\n"), -17);
}

TEST(TraceMarks, TakeNothingElseForAScore)
{
    for (auto const* text : {"", "\n", "500", "500 \n", "5x\n", "99999999999\n"})
        EXPECT_FALSE(parse_score(text)) << text;
}

} // namespace
} // namespace osh::launcher
