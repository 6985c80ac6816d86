#include "policy/document/node.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

std::string problems(std::string text)
{
    return render(read_yaml("f.yaml", std::move(text)).diagnostics);
}

TEST(ReadYaml, KeepsThePlaceOfKeysAndValues)
{
    auto const document = read_yaml("f.yaml", "a: 1\nb: [x, \"y z\"]\n");
    ASSERT_TRUE(document.diagnostics.empty());
    auto const& list = document.root.entries[1];
    EXPECT_EQ(document.source->text().substr(list.key_span.begin, 1), "b");
    Span const quoted = list.value.items[1].span;
    EXPECT_EQ(document.source->text().substr(quoted.begin, quoted.end - quoted.begin), "\"y z\"");
    EXPECT_TRUE(list.value.items[1].is_quoted);
}

TEST(ReadYaml, ResolvesScalarsByTheCoreSchema)
{
    auto const document =
        read_yaml("f", "[1, 0x10, 007, 1.5, true, yes, ~, \"1\", -3, .inf, 12e, 1_0]");
    std::vector<NodeKind> kinds;
    for (auto const& item : document.root.items)
        kinds.push_back(item.kind);
    using enum NodeKind;
    EXPECT_EQ(kinds, (std::vector{Integer, Integer, String, Float, Boolean, String, Null, String,
                         Integer, Float, String, String}));
    EXPECT_EQ(document.root.items[1].integer, 16);
}

TEST(ReadYaml, ShowsAMissingComma)
{
    EXPECT_EQ(problems("rules:\n  - allow: { method: GET path: \"/v1/**\" }\n"),
        "f.yaml:2:26: error: expected \",\" or \"}\" in flow mapping\n"
        "    2 |   - allow: { method: GET path: \"/v1/**\" }\n"
        "      |                          ^^^^ a second key starts here\n"
        "help: flow mappings need commas: { method: GET, path: \"/v1/**\" }\n");
}

TEST(ReadYaml, RefusesDuplicateKeys)
{
    EXPECT_EQ(problems("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: error: key \"a\" appears twice\n"
                                              "    3 | a: 3\n"
                                              "      | ^ first written in line 1\n");
}

TEST(ReadYaml, RefusesAnchorsAliasesAndTags)
{
    EXPECT_EQ(problems("a: &x 1\n"), "f.yaml:1:4: error: anchors are not allowed in a policy\n"
                                     "    1 | a: &x 1\n"
                                     "      |    ^ this value carries an anchor (&\xe2\x80\xa6)\n");
    EXPECT_NE(problems("a: *x\n").find("aliases are not allowed"), std::string::npos);
    EXPECT_NE(problems("a: !!str 1\n").find("tags are not allowed"), std::string::npos);
}

TEST(ReadYaml, RefusesBytesThatNoPolicyNeeds)
{
    EXPECT_NE(problems(std::string("a: 1\0b", 6)).find("NUL byte"), std::string::npos);
    EXPECT_NE(problems("a: \xff\n").find("not UTF-8: byte 0xFF"), std::string::npos);
    EXPECT_NE(problems("a: 1 # \x04\n").find("control character 0x04"), std::string::npos);
    EXPECT_NE(problems("a: 1\rb: 2\n").find("carriage return"), std::string::npos);
    EXPECT_EQ(problems("\xef\xbb\xbf"
                       "a: 1\r\nb: 2\r\n"),
        "");
}

TEST(ReadYaml, EndsOnBombsInBoundedTime)
{
    EXPECT_NE(problems("a: " + std::string(100'000, '[')).find("error"), std::string::npos);
    EXPECT_NE(problems(std::string(40, '[') + std::string(40, ']')).find("more than 32 levels"),
        std::string::npos);
    EXPECT_NE(problems(std::string(2 << 20, 'a')).find("the limit is"), std::string::npos);
    std::string questions;
    for (int i = 0; i < 50'000; ++i)
        questions += "? ";
    EXPECT_NE(problems(questions).find("error"), std::string::npos);
}

TEST(ReadYaml, SaysWhatATabBreaks)
{
    EXPECT_EQ(problems("a:\n\tb: 1\n"), "f.yaml:2:1: error: a tab cannot indent YAML\n"
                                        "    2 |  b: 1\n"
                                        "      | ^ use spaces\n");
}

} // namespace
} // namespace osh::policy
