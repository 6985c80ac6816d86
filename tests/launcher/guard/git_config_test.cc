#include "launcher/guard/git_config.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

bool may(std::string_view before, std::string_view after, std::size_t depth = 1)
{
    static std::vector<std::string> const roots{"/home/u/p"};
    return check_git_config({before, after, {depth, roots}}).ok();
}

constexpr std::string_view kFresh = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
                                    "\tbare = false\n\tlogallrefupdates = true\n";

TEST(GitConfig, AllowsWhatGitItselfWrites)
{
    EXPECT_TRUE(may("", kFresh));
    EXPECT_TRUE(may("", "[remote \"origin\"]\n\turl = https://a.test/x.git\n"
                        "\tfetch = +refs/heads/*:refs/remotes/origin/*\n"
                        "[branch \"a \\\"b\\\\\"]\n\tremote = origin\n\tmerge = refs/heads/m\n"
                        "[submodule \"sub\"]\n\tactive = true\n\turl = git@a.test:x.git\n"
                        "[user]\n\tname = \"A; B\" ; said so\n# a comment\n; another\n\n"
                        "[extensions]\n\tworktreeConfig = true\n"));
    EXPECT_TRUE(may("", "[core]\n\tworktree = ../../../sub\n", 3));
}

TEST(GitConfig, LetsARepositoryElsewhereKeepBooksOnTheProject)
{
    EXPECT_TRUE(may("", "[core]\n\tworktree = /home/u/p\n\tfsmonitor = false\n"));
    EXPECT_FALSE(may("", "[core]\n\tworktree = /home/u/p/sub\n")) << "could be made a link";
    EXPECT_FALSE(may("", "[core]\n\tworktree = /home/u/p/../q\n"));
    EXPECT_FALSE(may("", "[core]\n\tfsmonitor = true\n")) << "starts git's own daemon";
}

TEST(GitConfig, RefusesProgramsAmongHarmlessNeighbours)
{
    EXPECT_TRUE(may("", "[gc]\n\tauto = 0\n"));
    EXPECT_FALSE(may("", "[gc]\n\trecentObjectsHook = x\n"));
    EXPECT_FALSE(may("", "[pull]\n\ttwohead = x\n")) << "runs git-merge-x";
    EXPECT_FALSE(may("", "[core]\n\tprotectNTFS = false\n"));
}

TEST(GitConfig, RefusesWhatMakesGitRunSomething)
{
    for (char const* text :
        {"[core]\n\thooksPath = x\n", "[core]\n\tfsmonitor = x\n", "[CORE]\n\tHooksPath=x\n",
            "[core]\n\tsshCommand = x\n", "[core]\n\tpager = x\n", "[core]\n\teditor = x\n",
            "[alias]\n\ts = !x\n", "[filter \"f\"]\n\tclean = x\n", "[include]\n\tpath = x\n",
            "[includeIf \"gitdir:/\"]\n\tpath = x\n", "[diff \"d\"]\n\ttextconv = x\n",
            "[diff]\n\texternal = x\n", "[merge \"m\"]\n\tdriver = x\n", "[gpg]\n\tprogram = x\n",
            "[credential]\n\thelper = !x\n", "[remote \"r\"]\n\turl = ext::sh -c x\n",
            "[remote \"r\"]\n\tpushurl = \"fd::17\"\n", "[remote \"r\"]\n\tuploadpack = x\n",
            "[remote \"r\"]\n\tvcs = x\n", "[branch \"b\"]\n\tremote = ext::x\n",
            "[submodule \"s\"]\n\tupdate = !x\n", "[submodule \"s\"]\n\turl = -ux\n",
            "[core]\n\tworktree = /home\n", "[core]\n\tworktree = ../a/../../b\n",
            "[core]\n\tworktree = ../../x\n", "[core]\n\tattributesFile = x\n",
            "[url \"ext::\"]\n\tinsteadOf = x\n", "[protocol \"ext\"]\n\tallow = always\n",
            "[init]\n\ttemplateDir = x\n", "[pager]\n\tlog = x\n", "[sequence]\n\teditor = x\n"})
        EXPECT_FALSE(may("", text)) << text;
}

TEST(GitConfig, RefusesWhatGitMightReadOtherwise)
{
    for (std::string const text :
        {"[core] hooksPath = x\n", "[core]\n\tbare = false\\\n\thooksPath = x\n",
            "[user]\n\tname = \"a\n[core]\n\thooksPath = x\"\n", "[user]\n\tname = a\r\n",
            "\xef\xbb\xbf[user]\n\tname = a\n", "[core.x]\n\tbare = a\n",
            "[remote origin]\n\turl = x\n", "[remote \"a\"b\"]\n\turl = x\n",
            "[remote \"a\\\"]\n\turl = x\n", "bare = true\n", "[user]\n\tna me = x\n",
            "[user]\n\tname = \\x\n", "[user\n\tname = a\n"})
        EXPECT_FALSE(may("", text)) << text;
    EXPECT_FALSE(may("", std::string_view("[user]\n\tname = a\0b\n", 19)));
}

TEST(GitConfig, KeepsWhatThePersonHadWritten)
{
    constexpr std::string_view kBefore = "[core]\n\tsshCommand = ssh -v\n\thooksPath = .husky\n";
    EXPECT_TRUE(may(kBefore, std::string(kBefore) + "[user]\n\tname = a\n"));
    EXPECT_TRUE(may(kBefore, "[core]\n\thooksPath = .husky\n"));
    EXPECT_FALSE(may(kBefore, "[core]\n\thooksPath = .evil\n"));
    EXPECT_FALSE(may(kBefore, std::string(kBefore) + "\thooksPath = .husky\n")) << "once more";
    EXPECT_FALSE(may(kBefore, "[core]\n\thooksPath = .husky\n\tsshCommand = ssh -v\n"));
    constexpr std::string_view kStrange = "[core] hooksPath = x\n";
    EXPECT_TRUE(may(kStrange, kStrange));
}

TEST(GitConfig, ReadsQuotesEscapesAndComments)
{
    auto const read = read_git_config("[A \"b c\"]\n Key = \"x # y\"  z\\t\"\" ; no\n flag\n");
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->size(), 2u);
    EXPECT_EQ((*read)[0], (GitSetting{"a", "b c", "key", "x # y  z\t"}));
    EXPECT_EQ((*read)[1], (GitSetting{"a", "b c", "flag", ""}));
}

} // namespace
} // namespace osh::launcher
