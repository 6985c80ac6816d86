// The list of the profile strict and the table that gives the reasons name the same.

#include "launcher/guard/name_rules.h"
#include "policy/base/text.h"

#include <fstream>
#include <gmock/gmock.h>
#include <iterator>
#include <set>

namespace osh::launcher
{
namespace
{

std::string file(std::string const& name)
{
    std::ifstream in(std::string(OSH_SOURCE_DIR) + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> between(std::string_view text, char mark)
{
    std::set<std::string> found;
    std::size_t begin = 0;
    while ((begin = text.find(mark, begin)) != std::string_view::npos) {
        std::size_t const end = text.find(mark, begin + 1);
        found.insert(std::string(text.substr(begin + 1, end - begin - 1)));
        begin = end + 1;
    }
    return found;
}

std::set<std::string> names_of_strict()
{
    std::string const text = file("profiles/profiles/strict.toml");
    std::size_t const begin = text.find("\nprotect = [");
    std::string const list = text.substr(begin, text.find("\n]", begin) - begin);
    std::string listed;
    for (auto const line : split(list, '\n'))
        if (!trimmed(line).starts_with('#'))
            listed += std::string(line) + "\n";
    return between(listed, '"');
}

std::set<std::string> names_of_the_table()
{
    std::string text = file("docs/protected-names.md");
    text.resize(text.find("## Left out"));
    std::set<std::string> names;
    for (auto const line : split(text, '\n'))
        if (line.starts_with("| `"))
            names.merge(between(line.substr(0, line.find('|', 1)), '`'));
    return names;
}

TEST(ProtectedNames, HaveEachAReasonInTheTable)
{
    EXPECT_GT(names_of_strict().size(), 100u);
    EXPECT_EQ(names_of_strict(), names_of_the_table());
}

TEST(ProtectedNames, AreRefusedAnywhereAndOrdinaryOnesAreNot)
{
    auto const names = names_of_strict();
    NameRules const rules(GuardPlan{{"/p"}, {names.begin(), names.end()}, {}, {}});
    auto const refused = [&](char const* directory, char const* name) {
        return (rules.may_matter(name) || rules.may_lie_in_protected(directory))
               && rules.refusal(directory, name, EntryKind::File).has_value();
    };
    for (char const* name : {".zed", ".gdbinit", "a.code-workspace", "My.Sublime-Project",
             ".aider.conf.yml", "mise.toml", ".pdbrc", ".dir-locals.el", ".ssh"}) {
        EXPECT_TRUE(refused("/p", name)) << name;
        EXPECT_TRUE(refused("/p/a/b", name)) << name;
    }
    EXPECT_TRUE(refused("/p/.cargo", "config.toml"));
    EXPECT_TRUE(refused("/p/crates/a/.cargo", "CONFIG"));
    EXPECT_FALSE(refused("/p/.cargo/registry/x/.cargo", "config.toml")) << "what cargo keeps";
    EXPECT_TRUE(refused("/p/.yarn/releases", "yarn.cjs"));
    EXPECT_FALSE(refused("/p/.yarn/cache", "a.zip"));
    EXPECT_FALSE(refused("/p/.config", "nextest.toml"));
    EXPECT_TRUE(refused("/p/.config/nvim", "init.lua"));
    EXPECT_FALSE(refused("/p", "config.toml"));
    EXPECT_FALSE(refused("/p/.hg", "dirstate"));
    EXPECT_TRUE(refused("/p/.hg", "hgrc"));
    EXPECT_TRUE(rules.refusal("/p", ".cargo", EntryKind::Link)) << "could lead to anything";
}

} // namespace
} // namespace osh::launcher
