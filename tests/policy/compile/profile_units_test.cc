#include "policy/compile/profile_units.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

TEST(ParseDuration, TakesANumberAndAUnit)
{
    EXPECT_EQ(parse_duration("90s"), Duration(90s));
    EXPECT_EQ(parse_duration("700ms"), Duration(700ms));
    EXPECT_EQ(parse_duration("2h"), Duration(2h));
    for (auto const* text : {"", "60", "s", "-1s", "1.5s", "1 s", "1w", "99999999999999999999s",
             "9223372036854775807d"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(ParseSize, TakesANumberAndAUnit)
{
    EXPECT_EQ(parse_size("512M"), 512U << 20);
    EXPECT_EQ(parse_size("4G"), std::uint64_t(4) << 30);
    for (auto const* text : {"", "4", "G", "-1G", "4GB", "4g", "99999999999T"})
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(UnitTexts, ReadBackAsTheSameValue)
{
    for (auto const* text : {"90s", "700ms", "2h", "2d", "0ms"})
        EXPECT_EQ(duration_text(*parse_duration(text)), text);
    EXPECT_EQ(duration_text(*parse_duration("60m")), "1h");
    for (auto const* text : {"512M", "4G", "3K", "0K"})
        EXPECT_EQ(size_text(*parse_size(text)), text);
}

} // namespace
} // namespace osh::policy
