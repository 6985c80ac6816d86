// Which changes are guarded, which a command means, and how a list is written: all without a file.

#include "launcher/changes/choose.h"
#include "launcher/changes/diff.h"
#include "launcher/changes/guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

using testing::ElementsAre;

Change added(std::string path, FileType type = FileType::File)
{
    Change change;
    change.path = std::move(path);
    change.after.type = type;
    change.after.mode = 0644;
    return change;
}

Change link(std::string path, std::string target)
{
    Change change = added(std::move(path), FileType::Link);
    change.after.target = std::move(target);
    return change;
}

Change modified(std::string path)
{
    Change change = added(std::move(path));
    change.kind = ChangeKind::Modified;
    change.before = change.after;
    return change;
}

std::vector<std::string> paths_of(std::vector<Change> const& changes)
{
    std::vector<std::string> paths;
    for (auto const& change : changes)
        paths.push_back(change.path);
    return paths;
}

std::vector<std::string> left_of(Chosen const& chosen)
{
    std::vector<std::string> paths;
    for (auto const& left : chosen.left)
        paths.push_back(left.change.path + ": " + left.why);
    return paths;
}

TEST(LeadsOut, KnowsAbsoluteTargetsAndThoseAboveTheProject)
{
    EXPECT_TRUE(leads_out("a", "/etc/passwd"));
    EXPECT_TRUE(leads_out("a", ".."));
    EXPECT_TRUE(leads_out("d/a", "../../x"));
    EXPECT_FALSE(leads_out("d/a", "../x"));
    EXPECT_FALSE(leads_out("d/e/a", "../../x/y"));
    EXPECT_FALSE(leads_out("a", "./b//c"));
    EXPECT_FALSE(leads_out("a", "..b/...."));
}

TEST(LeadsOut, DistrustsGoingDownAndUpAgainForThereMayBeALink)
{
    EXPECT_TRUE(leads_out("a/b/c", "d/../x"));
    EXPECT_TRUE(leads_out("a/b/c", "../d/.."));
}

TEST(ChangeGuards, KnowsTheProfilesNamesAtAnyDepthAndGitsOwn)
{
    ChangeGuards const guards(
        {".git/hooks", ".vscode", ".envrc"}, {".env", "!.env.example", "secrets/**"});
    for (auto const* path : {".vscode", "a/.vscode/tasks.json", ".ENVRC", ".git/config", "x/.git",
             "x/.GIT/anything", ".env", "secrets/key"})
        EXPECT_NE(guards.reason(added(path)), "") << path;
    for (auto const* path : {"vscode", "a.vscode", ".gitignore", ".env.example", "src/a.c"})
        EXPECT_EQ(guards.reason(added(path)), "") << path;
    EXPECT_EQ(guards.reason(link("a", "../../x")), "leads out of the project");
    EXPECT_EQ(guards.reason(link("a", "b")), "");
}

TEST(ChangeGuards, AGoingNameIsJudgedAsAComingOne)
{
    ChangeGuards const guards({".envrc"}, {});
    Change gone = modified(".envrc");
    gone.kind = ChangeKind::Deleted;
    gone.after = Side{};
    EXPECT_NE(guards.reason(gone), "");
}

TEST(IsRepository, GoesByWhatADirectoryHolds)
{
    EXPECT_TRUE(is_repository({"Objects", "REFS"}));
    EXPECT_TRUE(is_repository({"commondir"}));
    EXPECT_FALSE(is_repository({"objects", "HEAD", "config"}));
}

TEST(Choose, TakesAllThatNothingSpeaksAgainst)
{
    ChangeList list;
    list.changes = {added("a"), added(".envrc"), modified("b"), added("f", FileType::Fifo)};
    list.changes[1].guarded = "p";
    list.changes[2].conflict = "c";
    list.changes[3].never = "n";
    auto const chosen = choose(list, {});
    EXPECT_THAT(paths_of(chosen.wanted), ElementsAre("a"));
    EXPECT_THAT(left_of(chosen), ElementsAre(".envrc: protected (p): name it with --protected",
                                     "b: conflict: c; --force overrides", "f: never applied: n"));
}

TEST(Choose, APathMeansWhatLiesBelowAndItsNewFolders)
{
    ChangeList list;
    list.changes = {added("n", FileType::Directory), added("n/m", FileType::Directory),
        added("n/m/1"), added("n/m/2"), added("n/o")};
    ApplyWish wish;
    wish.paths = {"n/m/1"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre("n", "n/m", "n/m/1"));
    wish.paths = {"n/m"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre("n", "n/m", "n/m/1", "n/m/2"));
    wish.paths = {"n/m/10", "n/"};
    EXPECT_THAT(choose(list, wish).unknown_paths, ElementsAre("n/m/10", "n/"));
}

TEST(Choose, ProtectedNamesAreTakenOnlyWhenNamedAsSuch)
{
    ChangeList list;
    list.changes = {added("a"), added(".vscode", FileType::Directory), added(".vscode/t")};
    list.changes[1].guarded = list.changes[2].guarded = "p";
    ApplyWish wish;
    wish.paths = {".vscode"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre());
    wish.paths.clear();
    wish.protect = {".vscode/t"};
    auto const chosen = choose(list, wish);
    EXPECT_THAT(paths_of(chosen.wanted), ElementsAre()); // its folder was not named
    EXPECT_THAT(left_of(chosen), ElementsAre(".vscode: protected (p): name it with --protected",
                                     ".vscode/t: its folder is left"));
    wish.protect = {".vscode"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre(".vscode", ".vscode/t"));
}

TEST(Choose, WhatGitObeysIsNotBroughtAlongWithItsFolder)
{
    ChangeList list;
    list.changes = {added(".git/HEAD"), added(".git/config")};
    for (auto& change : list.changes) {
        change.guarded = "git's own files";
        change.is_named_itself = commands_git(change.path);
    }
    ApplyWish wish;
    wish.protect = {".git"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre(".git/HEAD"));
    wish.protect = {".git/config"};
    EXPECT_THAT(paths_of(choose(list, wish).wanted), ElementsAre(".git/config"));
    for (auto const* path :
        {".git/hooks", ".git/hooks/pre-commit", ".git/CONFIG", "x/config.worktree"})
        EXPECT_TRUE(commands_git(path)) << path;
    for (auto const* path : {".git/index", ".git/objects/ab/cd", ".git/refs/heads/main"})
        EXPECT_FALSE(commands_git(path)) << path;
}

TEST(PathInProject, IsAsTheListWritesIt)
{
    EXPECT_EQ(*path_in_project("/p", "./a//b/"), "a/b");
    EXPECT_EQ(*path_in_project("/p", "/p/a"), "a");
    EXPECT_EQ(*path_in_project("/p", "."), "");
    EXPECT_FALSE(path_in_project("/p", "/pa/b").ok());
    EXPECT_FALSE(path_in_project("/p", "a/../b").ok());
}

ChangeList one_of_each()
{
    ChangeList list;
    Change const folder = added("new", FileType::Directory);
    Change script = added("new/run");
    script.after.mode = 0755;
    Change mode = modified("mode");
    mode.after.mode = 0600;
    mode.has_new_content = false;
    Change gone = modified("gone");
    gone.kind = ChangeKind::Deleted;
    gone.before.type = FileType::Directory;
    gone.after = Side{};
    gone.below = 12;
    Change turned = link("turned", "a\x1b[31m");
    turned.kind = ChangeKind::TypeChanged;
    turned.before = script.after;
    turned.guarded = "leads out of the project";
    Change pipe = added("pipe\n", FileType::Fifo);
    pipe.never = "only files, folders and links are";
    list.changes = {gone, mode, folder, script, pipe, turned};
    list.unknown = {"closed: cannot be read"};
    return list;
}

TEST(DescribeChanges, IsALineForEach)
{
    EXPECT_EQ(describe(one_of_each()),
        "D  gone/  (12 entries in it)\n"
        "M  mode  (mode 644 → 600)\n"
        "A  new/\n"
        "A  new/run  (executable)\n"
        "A  pipe\\u{A}  (FIFO, never applied: only files, folders and links are)\n"
        "T  turned  (file → link to a\\u{1B}[31m, protected: leads out of the project)\n"
        "?  closed: cannot be read\n");
    EXPECT_EQ(words_of(count(one_of_each())), "2 added, 2 changed, 12 deleted, and more");
    EXPECT_EQ(words_of({}), "nothing");
}

TEST(DescribeChanges, IsOneObjectForPrograms)
{
    auto list = one_of_each();
    list.changes.erase(list.changes.begin(), list.changes.begin() + 5);
    EXPECT_EQ(describe_json(list, {"abc", "/p", false}),
        R"({"v":1,"session":"abc","project":"/p","running":false,"complete":false,"changes":[)"
        R"({"path":"turned","change":"T","before":{"type":"file","mode":"0755","size":0},)"
        R"("after":{"type":"link","mode":"0644","size":0,"target":"a\u001b[31m"},)"
        R"("new_content":true,"protected":"leads out of the project","conflict":"","never":""}],)"
        R"("unknown":["closed: cannot be read"]})"
        "\n");
}

TEST(GitNameText, QuotesAsGitDoes)
{
    EXPECT_EQ(git_name_text("a/", "src/a b.c"), "a/src/a b.c");
    EXPECT_EQ(git_name_text("b/", "a\"\\\n\xc3\xa9"), "\"b/a\\\"\\\\\\012\\303\\251\"");
}

} // namespace
} // namespace osh::launcher
