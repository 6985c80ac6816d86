#include "policy/base/text.h"

#include <gtest/gtest.h>

namespace osh
{
namespace
{

TEST(Shown, EscapesTerminalControlAndBidi)
{
    EXPECT_EQ(shown("a\x1b[31mb"), "a\\u{1B}[31mb");
    EXPECT_EQ(shown("\xe2\x80\xaetxt"), "\\u{202E}txt");
}

TEST(Shown, EscapesBytesThatAreNotUtf8)
{
    EXPECT_EQ(shown("\xff\xc0\x80"), "\\xFF\\xC0\\x80");
}

TEST(Shown, KeepsBothEndsOfALongText)
{
    EXPECT_EQ(shown("aaaaaaaaaabbbbbbbbbb.example.com", 12), "aaaaa…le.com");
}

TEST(Shown, IsIdempotent)
{
    for (std::string_view text : {"a\nb", "\xf0\x9f", "plain", "\xe2\x80\x8b"})
        EXPECT_EQ(shown(shown(text)), shown(text));
}

TEST(NearestWord, FindsATypoAndRefusesAStranger)
{
    EXPECT_EQ(nearest_word("enforcment", {"enforcement", "endpoints"}), "enforcement");
    EXPECT_EQ(nearest_word("zebra", {"enforcement", "endpoints"}), "");
    EXPECT_EQ(nearest_word("prot", {"host", "port", "ports"}), "port");
}

} // namespace
} // namespace osh
