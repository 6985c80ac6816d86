#include "policy/document/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

using testing::HasSubstr;

std::string spanned(Document const& document, Span span)
{
    return std::string(document.source->text().substr(span.begin, span.end - span.begin));
}

TEST(ReadToml, KeepsDocumentOrderAndExactSpans)
{
    auto const document =
        read_toml("f", "z = 1\na = [ \"x\", true ] # note\n[t]\nk = \"\xc3\xa9\" \n");
    ASSERT_FALSE(has_errors(document.diagnostics));
    auto const& entries = document.root.entries;
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].key, "z");
    EXPECT_EQ(spanned(document, entries[0].value.span), "1");
    EXPECT_EQ(entries[1].key, "a");
    EXPECT_EQ(spanned(document, entries[1].value.span), "[ \"x\", true ]");
    EXPECT_EQ(spanned(document, entries[1].value.items.at(0).span), "\"x\"");
    EXPECT_EQ(spanned(document, entries[2].key_span), "t");
    EXPECT_EQ(spanned(document, entries[2].value.entries.at(0).value.span), "\"\xc3\xa9\"");
}

TEST(ReadToml, CountsColumnsInCharacters)
{
    auto const document = read_toml("f", "\xc3\xa9 = 1\n");
    EXPECT_THAT(render(document.diagnostics), HasSubstr("f:1:1: error:"));
    auto const quoted = read_toml("f", "\"\xc3\xa9\" = 17\n");
    EXPECT_EQ(spanned(quoted, quoted.root.entries.at(0).value.span), "17");
}

TEST(ReadToml, RefusesDuplicateKeys)
{
    EXPECT_THAT(render(read_toml("f", "a = 1\na = 2\n").diagnostics), HasSubstr("f:2:"));
}

TEST(ReadToml, BoundsDottedKeysWithoutTouchingTexts)
{
    std::string dots = "a";
    for (int i = 0; i < 500'000; ++i)
        dots += ".a";
    EXPECT_THAT(
        render(read_toml("f", dots + " = 1\n").diagnostics), HasSubstr("nested deeper than 32"));
    std::string const text(100, '.');
    EXPECT_FALSE(has_errors(read_toml("f", "a = \"" + text + "\" # " + text + "\n").diagnostics));
    EXPECT_FALSE(has_errors(read_toml("f", "a = '''\n" + text + "\n'''\n").diagnostics));
}

TEST(ReadToml, BoundsNestingAndSize)
{
    std::string const deep = "a = " + std::string(5000, '[') + std::string(5000, ']') + "\n";
    EXPECT_TRUE(has_errors(read_toml("f", deep).diagnostics));
    EXPECT_THAT(render(read_toml("f", "a = 1\n", {.bytes = 3}).diagnostics),
        HasSubstr("larger than 3 bytes"));
    EXPECT_THAT(render(read_toml("f", "a = [1,2,3,4]\n", {.nodes = 3}).diagnostics),
        HasSubstr("more than 3 values"));
}

TEST(ReadToml, GivesAnEmptyDocumentANullRoot)
{
    EXPECT_EQ(read_toml("f", "# nothing\n").root.kind, NodeKind::Null);
    EXPECT_EQ(read_toml("f", "").root.kind, NodeKind::Null);
}

TEST(ReadToml, RefusesATableNameThatStartsWithAControlByte)
{
    auto const found = read_toml("f", std::string("[\x13\0\0]\n", 6)).diagnostics;
    EXPECT_THAT(render(found), HasSubstr("f:1:2: error: "));
    EXPECT_TRUE(has_errors(found));
}

} // namespace
} // namespace osh::policy
