#include "policy/messages/json.h"

#include <gtest/gtest.h>

namespace osh::policy::json
{
namespace
{

constexpr std::size_t kLimit = 4096;

std::string refusal(std::string_view text)
{
    auto value = parse(text, kLimit);
    return value.ok() ? "accepted" : value.error().sentence;
}

TEST(Json, WritesWhatItRead)
{
    std::string_view const text =
        R"({"a":[1,-2,true,false,null,"x\"\\ü"],"b":{},"c":[],"d":9007199254740992})";
    auto value = parse(text, kLimit);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(write(*value), text);
}

TEST(Json, RefusesADuplicateKeyAlsoWhenItIsSpeltWithAnEscape)
{
    EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "key \"a\" appears twice");
    EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"), "key \"a\" appears twice");
}

TEST(Json, RefusesNumbersThatADoubleCannotHold)
{
    EXPECT_EQ(refusal("9007199254740993"), "a number is beyond 2^53");
    EXPECT_EQ(refusal("-9007199254740993"), "a number is beyond 2^53");
    EXPECT_EQ(refusal("18446744073709551616"), "a number is not whole or beyond 2^53");
    EXPECT_EQ(refusal("1.5"), "a number is not whole or beyond 2^53");
    EXPECT_EQ(refusal("1e3"), "a number is not whole or beyond 2^53");
}

TEST(Json, BoundsDepthSizeAndCount)
{
    EXPECT_EQ(refusal(std::string(16, '[') + std::string(16, ']')), "accepted");
    EXPECT_EQ(refusal(std::string(17, '[') + std::string(17, ']')), "JSON is nested too deeply");
    EXPECT_EQ(refusal(std::string(kLimit + 1, ' ')), "a message is longer than its limit");
    std::string many = "[0";
    for (std::size_t i = 0; i < kMaxValues; ++i)
        many += ",0";
    auto value = parse(many + "]", many.size() + 1);
    ASSERT_FALSE(value.ok());
    EXPECT_EQ(value.error().sentence, "JSON has too many values");
}

TEST(Json, RefusesWhatIsNotJson)
{
    for (std::string_view text : {"", " ", "{", "[1,]", "{\"a\":}", "nul", "1 2", "{}{}",
             "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\\ud800\"", "\"a\nb\"",
             "\xef\xbb\xbf{}", "// c\n{}", "NaN", "01", "'a'"})
        EXPECT_NE(refusal(text), "accepted") << text;
}

TEST(Json, WipesEveryText)
{
    auto value = parse(R"({"a":["secret"]})", kLimit);
    ASSERT_TRUE(value.ok());
    wipe(*value);
    EXPECT_EQ(write(*value), R"({"a":[""]})");
}

} // namespace
} // namespace osh::policy::json
