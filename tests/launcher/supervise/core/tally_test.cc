#include "launcher/supervise/core/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

using testing::HasSubstr;
using testing::Not;

SessionEnd end_with(std::string changes)
{
    SessionEnd end;
    end.session = "abc123";
    end.agent = "claude";
    end.changes = std::move(changes);
    end.files_added = 2;
    return end;
}

TEST(Tally, SaysWhatAnOverlaySessionWroteAndHowToReviewIt)
{
    EXPECT_EQ(Tally().summary(end_with("2 added, 1 changed"), {}),
        "osh  session abc123 ended: claude exited 0 after 0 s\n\n"
        "Written aside       2 added, 1 changed; the project is as it was\n"
        "Review              osh changes abc123 diff\n"
        "                    osh changes abc123 apply|discard\n");
}

TEST(Tally, SaysNothingOfChangesWhereThereAreNone)
{
    EXPECT_THAT(Tally().summary(end_with(""), {}), Not(HasSubstr("aside")));
}

TEST(Tally, CountsTheChangesInTheReport)
{
    EXPECT_THAT(Tally().report_json(end_with("2 added"), {}),
        HasSubstr(R"("changes":{"added":2,"changed":0,"deleted":0})"));
}

} // namespace
} // namespace osh::launcher
