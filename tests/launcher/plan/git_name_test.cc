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

} // namespace osh::launcher
