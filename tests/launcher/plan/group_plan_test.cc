#include "launcher/plan/group_plan.h"
#include "launcher/plan/host_facts.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::HasSubstr;

HostFacts with_unified()
{
    HostFacts facts;
    facts.uid = 1000;
    facts.memory_bytes = std::uint64_t{16} << 30;
    facts.group_place = {
        GroupWay::Unified, "/sys/fs/cgroup/app.slice", {}, "", {"cpu", "memory", "pids"}};
    return facts;
}

std::string value_of(GroupPlan const& plan, std::string const& file)
{
    for (auto const& one : plan.files)
        if (one.file == file)
            return one.base + "=" + one.value;
    return "";
}

TEST(GroupPlan, LimitsProcessesAndMemoryByDefault)
{
    auto const plan = plan_group({}, with_unified());
    EXPECT_EQ(value_of(plan, "pids.max"), "/sys/fs/cgroup/app.slice=4100");
    EXPECT_EQ(value_of(plan, "memory.max"), "/sys/fs/cgroup/app.slice=12884901888");
    EXPECT_EQ(value_of(plan, "memory.swap.max"), "/sys/fs/cgroup/app.slice=0");
    EXPECT_EQ(value_of(plan, "cpu.weight"), "");
    EXPECT_EQ(plan.bases.size(), 1U);
    EXPECT_TRUE(plan.notes.empty());
}

TEST(GroupPlan, TakesTheProfilesNumbers)
{
    policy::ResourceProfile wanted;
    wanted.memory_bytes = 1 << 20;
    wanted.swap_bytes = 4096;
    wanted.tasks = 100;
    wanted.cpus = 2;
    wanted.cpu_weight = 50;
    auto const plan = plan_group(wanted, with_unified());
    EXPECT_EQ(value_of(plan, "memory.max"), "/sys/fs/cgroup/app.slice=1048576");
    EXPECT_EQ(value_of(plan, "memory.swap.max"), "/sys/fs/cgroup/app.slice=4096");
    EXPECT_EQ(value_of(plan, "cpu.weight"), "/sys/fs/cgroup/app.slice=50");
    EXPECT_EQ(value_of(plan, "cpu.max"), "/sys/fs/cgroup/app.slice=200000 100000");
    EXPECT_THAT(plan.text, HasSubstr("100 processes, memory 1 MiB, cpu weight 50, 2 processors"));
}

TEST(GroupPlan, UsesLegacyHierarchiesEachInItsPlace)
{
    auto facts = with_unified();
    facts.group_place = {GroupWay::Legacy, "", {{"pids", "/c/pids"}, {"memory", "/c/memory"}}, "",
        {"memory", "pids"}};
    policy::ResourceProfile wanted;
    wanted.cpus = 1;
    auto const plan = plan_group(wanted, facts);
    EXPECT_EQ(value_of(plan, "pids.max"), "/c/pids=4100");
    EXPECT_EQ(value_of(plan, "memory.limit_in_bytes"), "/c/memory=12884901888");
    EXPECT_EQ(plan.bases.size(), 2U);
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_THAT(
        plan.notes[0], HasSubstr("processor time of the sandbox as a whole is not limited"));
}

TEST(GroupPlan, SaysWhatIsNotLimitedWithoutAGroup)
{
    auto facts = with_unified();
    facts.group_place = {};
    facts.group_place.problem = "no delegation";
    policy::ResourceProfile wanted;
    wanted.memory_bytes = 1 << 30;
    auto const plan = plan_group(wanted, facts);
    EXPECT_TRUE(plan.bases.empty());
    EXPECT_THAT(plan.text, HasSubstr("no control group (no delegation)"));
    ASSERT_EQ(plan.notes.size(), 1U);
    EXPECT_THAT(
        plan.notes[0], HasSubstr("memory of the sandbox as a whole is not limited, no delegation"));
}

TEST(PidLimit, IsForRootOnKernelsThatKeepItPerNamespace)
{
    HostFacts facts;
    facts.uid = 0;
    facts.kernel_release = "6.18.44-fc-v445";
    EXPECT_EQ(pid_limit({}, facts), 4400U);
    facts.kernel_release = "6.14";
    EXPECT_EQ(pid_limit({}, facts), 4400U);
    for (auto const* older : {"6.13.9", "6.1.0-18-amd64", "5.15", "rubbish", ""}) {
        facts.kernel_release = older;
        EXPECT_EQ(pid_limit({}, facts), 0U) << older;
    }
    facts.uid = 1000;
    facts.kernel_release = "6.18";
    EXPECT_EQ(pid_limit({}, facts), 0U);
}

TEST(GroupPlan, AsksSystemdWhereNoGroupCanBeMade)
{
    auto facts = with_unified();
    facts.group_place = {GroupWay::Scope, {}, {}, "", {"cpu", "memory", "pids"}};
    policy::ResourceProfile wanted;
    wanted.memory_bytes = 1 << 30;
    wanted.tasks = 100;
    wanted.cpus = 2;
    wanted.cpu_weight = 50;
    auto const plan = plan_group(wanted, facts);
    EXPECT_TRUE(plan.bases.empty());
    EXPECT_TRUE(plan.files.empty());
    EXPECT_THAT(plan.text, HasSubstr("a scope that systemd --user is asked for: 100 processes"));
    EXPECT_THAT(scope_request(plan, 77),
        testing::ElementsAre("busctl", "--user", "--quiet", "--timeout=2", "call",
            "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager", "StartTransientUnit", "ssa(sv)a(sa(sv))",
            "osh-77.scope", "fail", "9", "Description", "s", "osh sandbox", "PIDs", "au", "1", "77",
            "Delegate", "b", "true", "CollectMode", "s", "inactive-or-failed", "TasksMax", "t",
            "104", "MemoryMax", "t", "1073741824", "MemorySwapMax", "t", "0", "CPUWeight", "t",
            "50", "CPUQuotaPerSecUSec", "t", "2000000", "0"));
}

} // namespace
} // namespace osh::launcher
