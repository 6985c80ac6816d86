#include "launcher/guard/name_rules.h"

#include "launcher/guard/git_entry.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

NameRules rules()
{
    return NameRules(GuardPlan{{"/home/u/p", "/home/u/cache"},
        {".git/hooks", ".git/config", ".vscode", ".mcp.json", ".claude/settings.json",
            ".git/info/attributes"},
        {".env", ".env.*", "!.env.example", "secrets/**", "**/*.pem"}, {"/home/u/.tool"}});
}

bool refused(std::string_view directory, std::string_view name, EntryKind kind = EntryKind::File)
{
    return rules().refusal(directory, name, kind).has_value();
}

TEST(NameRules, RefuseProtectedNamesAtAnyDepthAndInAnyCase)
{
    EXPECT_TRUE(refused("/home/u/p", ".vscode", EntryKind::Directory));
    EXPECT_TRUE(refused("/home/u/p/a/b", ".mcp.json"));
    EXPECT_TRUE(refused("/home/u/cache/x", ".VSCode"));
    EXPECT_TRUE(refused("/home/u/p/.Claude", "SETTINGS.json"));
    EXPECT_FALSE(refused("/home/u/p", "settings.json"));
    EXPECT_FALSE(refused("/home/u/p", ".claude", EntryKind::Directory));
    EXPECT_TRUE(refused("/home/u/p", ".claude", EntryKind::Link)) << "could lead to anything";
}

TEST(NameRules, RefuseNamesBelowAProtectedDirectoryThatIsThereAlready)
{
    EXPECT_TRUE(refused("/home/u/p/sub/.vscode", "tasks.json"));
    EXPECT_TRUE(refused("/home/u/p/sub/.VSCode/deep", "anything", EntryKind::Directory));
    EXPECT_FALSE(refused("/home/u/p/sub/.vscodex", "tasks.json"));
    EXPECT_FALSE(refused("/home/u/p/node_modules/x/.vscode", "tasks.json"));
    EXPECT_TRUE(rules().may_lie_in_protected("/home/u/p/sub/.VSCODE/deep"));
    EXPECT_FALSE(rules().may_lie_in_protected("/home/u/p/sub/vscode/deep"));
}

TEST(NameRules, AreSilentOutsideOfSharedTrees)
{
    for (char const* place : {"/tmp", "/home/u", "/home/u/pp", "/"})
        EXPECT_FALSE(refused(place, ".vscode")) << place;
    EXPECT_TRUE(rules().is_shared("/home/u/p"));
    EXPECT_FALSE(rules().is_shared("/home/u/pp"));
    EXPECT_EQ(rules().git_reach("/home/u/p/a/.git").depth, 2u);
    EXPECT_TRUE(rules().is_kept("/home/u/.tool/x"));
    EXPECT_FALSE(rules().is_kept("/home/u/.tools") || rules().is_kept("/home/u/p"));
    EXPECT_FALSE(refused("/home/u/.tool", ".vscode")) << "a home's own files";
}

TEST(NameRules, RefuseWhatIsHiddenSaveItsExceptions)
{
    EXPECT_TRUE(refused("/home/u/p", ".env"));
    EXPECT_TRUE(refused("/home/u/p/deep", ".env.local"));
    EXPECT_FALSE(refused("/home/u/p", ".env.example"));
    EXPECT_TRUE(refused("/home/u/p", "secrets", EntryKind::Directory));
    EXPECT_TRUE(refused("/home/u/p/a", "key.pem"));
}

TEST(NameRules, LeaveWhatToolsUnpackAlone)
{
    EXPECT_FALSE(refused("/home/u/p/node_modules/x", ".vscode", EntryKind::Directory));
    EXPECT_FALSE(refused("/home/u/p/.venv/lib", ".env"));
    EXPECT_TRUE(rules().is_shared("/home/u/p/node_modules/x"));
    EXPECT_FALSE(rules().is_judged("/home/u/p/node_modules/x"));
}

TEST(NameRules, NameWhatAFolderMayNotHoldWhenItGetsAName)
{
    EXPECT_THAT(rules().absent_below("/home/u/p", ".claude"), ElementsAre("settings.json"));
    EXPECT_THAT(rules().absent_below("/home/u/p/x", ".git"), ElementsAre("info/attributes"));
    EXPECT_THAT(rules().absent_below("/home/u/p", "plain"), IsEmpty());
}

TEST(NameRules, TellFromTheNameAloneWhatNeverMatters)
{
    for (char const* name : {".vscode", ".GIT", "config", "hooks", "refs", "pre-commit", ".env.x",
             "a.pem", "secrets", "attributes", "Settings.JSON"})
        EXPECT_TRUE(rules().may_matter(name)) << name;
    for (char const* name :
        {"index.js", "a", ".", "..", "config.lock", "pre-commit.sample", "HEAD"})
        EXPECT_FALSE(rules().may_matter(name)) << name;
}

TEST(GitEntry, KnowsHooksStoresAndConfiguration)
{
    EXPECT_EQ(git_entry("objects"), GitEntry::Store);
    EXPECT_EQ(git_entry("config.worktree"), GitEntry::Config);
    EXPECT_EQ(git_entry("post-index-change"), GitEntry::Hook);
    EXPECT_EQ(git_entry("commondir"), GitEntry::CommonDir);
    EXPECT_EQ(git_entry("description"), GitEntry::None);
}

} // namespace
} // namespace osh::launcher
