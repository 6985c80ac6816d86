#include "launcher/plan/cgroup_view.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::ElementsAre;

constexpr auto* kUnifiedMounts =
    "24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n";

constexpr auto* kHybridMounts =
    "31 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "32 24 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "33 24 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";

TEST(CgroupView, FindsTheOwnGroupOfADesktopSession)
{
    auto const own = own_cgroups(kUnifiedMounts,
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n");
    EXPECT_EQ(own.unified, "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/"
                           "vte-spawn-1.scope");
    EXPECT_TRUE(own.legacy.empty());
}

TEST(CgroupView, FindsLegacyHierarchiesByController)
{
    auto const own = own_cgroups(kHybridMounts, "8:pids:/\n2:cpu,cpuacct:/a\n0::/\n");
    EXPECT_EQ(own.unified, "/sys/fs/cgroup/unified");
    EXPECT_EQ(own.legacy.at("pids"), "/sys/fs/cgroup/pids");
    EXPECT_EQ(own.legacy.at("cpu"), "/sys/fs/cgroup/cpu/a");
}

TEST(CgroupView, CutsTheRootOfAMountThatShowsAPart)
{
    auto const own =
        own_cgroups("9 8 0:27 /docker/ab /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
            "8:pids:/docker/ab\n");
    EXPECT_EQ(own.legacy.at("pids"), "/sys/fs/cgroup/pids");
}

TEST(CgroupView, KnowsNoPlaceOutsideOfItsNamespace)
{
    EXPECT_EQ(own_cgroups(kUnifiedMounts, "0::/../other\n").unified, "");
    EXPECT_EQ(own_cgroups("", "0::/\n").unified, "");
    EXPECT_EQ(own_cgroups("rubbish - x\n1 2 - cgroup2\n", "::\nrubbish").unified, "");
}

TEST(CgroupView, TriesTheOwnGroupAndItsParentsUpToTheMount)
{
    EXPECT_THAT(group_candidates("/sys/fs/cgroup/a/b", "/sys/fs/cgroup"),
        ElementsAre("/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"));
    EXPECT_EQ(group_candidates("/c/1/2/3/4/5/6", "/c").size(), kMaxGroupParents + 1);
    EXPECT_THAT(group_candidates("", "/sys/fs/cgroup"), ElementsAre());
}

TEST(CgroupView, ReadsControllerLists)
{
    EXPECT_THAT(words_of_controllers("cpu memory pids\n"), ElementsAre("cpu", "memory", "pids"));
    EXPECT_THAT(words_of_controllers("\n"), ElementsAre());
}

} // namespace
} // namespace osh::launcher
