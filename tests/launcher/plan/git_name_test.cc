#include "launcher/plan/git_name.h"

#include <gtest/gtest.h>

namespace osh::launcher
{

TEST(GitName, TakesTheUserSectionAndNothingElse)
{
    auto const person = git_name_of("[core]\n\tname = wrong\n[User]\n  Name = \"Ada # L\" ; who\n"
                                    "\temail = ada@example.test\n[credential]\n\thelper = !evil\n");
    EXPECT_EQ(person, (GitName{"Ada # L", "ada@example.test"}));
}

TEST(GitName, WritesWhatCannotLeaveItsLine)
{
    EXPECT_EQ(git_config_text({"a\"b\\\n[core]", ""}), "[user]\n\tname = \"a\\\"b\\\\[core]\"\n");
    EXPECT_EQ(git_config_text({}), "");
}

TEST(HooksPath, IsTakenWhenItLiesInTheProject)
{
    HooksPlace const place{"/home/ada/p", "/home/ada"};
    EXPECT_EQ(hooks_path_of("[core]\n\thooksPath = .husky/_\n", place), ".husky/_");
    EXPECT_EQ(hooks_path_of("[core] hookspath = \"./tools/../hooks/\"\n", place), "hooks");
    EXPECT_EQ(hooks_path_of("[CORE]\nhooksPath=~/p/git hooks ; mine\n", place), "git hooks");
    EXPECT_EQ(hooks_path_of("[core]\nhooksPath=a\nhooksPath=/home/ada/p/b\n", place), "b");
    EXPECT_EQ(hooks_path_of("[core]\nhooksPath = .\n", place), ".");
    EXPECT_EQ(hooks_path_of("[core]\nhooksPath = /usr/share/hooks\n", place), "");
    EXPECT_EQ(hooks_path_of("[core]\nhooksPath = ../hooks\n", place), "");
    EXPECT_EQ(
        hooks_path_of("[core \"x\"]\nhooksPath = a\n[user]\nhooksPath = b\n[core]\n", place), "");
    EXPECT_EQ(hooks_path_of("", place), "");
}

} // namespace osh::launcher
