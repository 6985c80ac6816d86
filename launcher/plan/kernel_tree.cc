// /proc, /dev and /run: what the kernel shows, cut down (security design H5).

#include "launcher/plan/system_tree.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using Access = LandlockRule::Access;

// Not bounded by a namespace, or of use to exploits only. /proc/locks names other people's files.
constexpr std::array kProcMaskedFiles{"sysrq-trigger", "kcore", "kmsg", "keys", "key-users",
    "timer_list", "sched_debug", "latency_stats", "interrupts", "kallsyms", "kpagecount",
    "kpageflags", "kpagecgroup", "config.gz", "vmallocinfo", "slabinfo", "pagetypeinfo",
    "diskstats", "partitions", "mdstat", "swaps", "locks", "softirqs", "iomem", "ioports",
    "modules", "zoneinfo", "buddyinfo", "schedstat"};
constexpr std::array kProcMaskedDirectories{
    "irq", "bus", "fs", "acpi", "scsi", "driver", "dynamic_debug", "pressure", "sysvipc"};

constexpr std::uint64_t kMiB = 1024 * 1024, kGiB = 1024 * kMiB;
constexpr std::uint64_t kTmpInodes = 200'000, kShmInodes = 50'000;
constexpr std::uint64_t kTmpMost = 4 * kGiB;
constexpr std::uint64_t kDevBytes = 64 * 1024, kDevInodes = 512, kRuntimeBytes = 16 * kMiB,
                        kRuntimeInodes = 4'096;

MountStep kernel_step(MountKind kind, std::string target)
{
    MountStep step;
    step.kind = kind;
    step.target = std::move(target);
    step.no_exec = true;
    step.optional = kind == MountKind::MaskFile || kind == MountKind::MaskDirectory;
    step.read_only = step.optional;
    return step;
}

void add_proc(Plan& plan)
{
    plan.mounts.push_back(kernel_step(MountKind::Proc, "/proc"));
    MountStep settings = kernel_step(MountKind::Self, "/proc/sys");
    settings.read_only = true;
    plan.mounts.push_back(settings);
    for (auto const* name : kProcMaskedFiles)
        plan.mounts.push_back(kernel_step(MountKind::MaskFile, fmt::format("/proc/{}", name)));
    for (auto const* name : kProcMaskedDirectories)
        plan.mounts.push_back(kernel_step(MountKind::MaskDirectory, fmt::format("/proc/{}", name)));
    if (plan.nested_allow && plan.uid != 0) {
        // proc(5) can be mounted in a namespace below only where one is in full view
        // (mount_namespaces(7)); an ordinary user gets nothing from what is masked above.
        MountStep whole = kernel_step(MountKind::Proc, "/run/osh/proc");
        plan.mounts.push_back(whole);
    }
    // No write: that closes /proc/PID/mem, oom_score_adj and clear_refs, of own processes too.
    plan.landlock.push_back({"/proc", Access::Read});
}

void add_dev(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    MountStep dev = tmpfs_step("/dev", kDevBytes, kDevInodes);
    dev.no_exec = true;
    plan.mounts.push_back(dev);
    MountStep terminals = kernel_step(MountKind::Devpts, "/dev/pts");
    terminals.no_dev = false; // the terminals themselves are device nodes
    plan.mounts.push_back(terminals);
    plan.mounts.push_back(symlink_step("/dev/ptmx", "pts/ptmx"));
    plan.mounts.push_back(symlink_step("/dev/fd", "/proc/self/fd"));
    plan.mounts.push_back(symlink_step("/dev/stdin", "/proc/self/fd/0"));
    plan.mounts.push_back(symlink_step("/dev/stdout", "/proc/self/fd/1"));
    plan.mounts.push_back(symlink_step("/dev/stderr", "/proc/self/fd/2"));
    MountStep shm = tmpfs_step("/dev/shm",
        profile.resources.shm_bytes.value_or(std::min(facts.memory_bytes / 8, kTmpMost)),
        kShmInodes);
    shm.mode = 01777;
    plan.mounts.push_back(shm);
    plan.landlock.push_back({"/dev/pts", Access::Terminal});
    plan.landlock.push_back({"/dev/shm", Access::ReadWriteExecute});
}

void add_run(Plan& plan, HostFacts const& facts)
{
    std::string const runtime = fmt::format("/run/user/{}", facts.uid);
    plan.mounts.push_back(directory_step("/run/osh"));
    plan.mounts.push_back(directory_step("/run/lock"));
    MountStep own = tmpfs_step(runtime, kRuntimeBytes, kRuntimeInodes);
    own.mode = 0700;
    own.no_exec = true;
    plan.mounts.push_back(own);
    plan.mounts.push_back(directory_step("/var"));
    plan.mounts.push_back(symlink_step("/var/run", "/run"));
    plan.landlock.push_back({"/run", Access::Read});
    plan.landlock.push_back({runtime, Access::ReadWrite});
}

void add_tmp(Plan& plan, HostFacts const& facts, policy::ResourceProfile const& resources)
{
    MountStep tmp = tmpfs_step("/tmp",
        resources.tmp_bytes.value_or(std::min(facts.memory_bytes / 4, kTmpMost)), kTmpInodes);
    tmp.mode = 01777;
    plan.mounts.push_back(tmp);
    plan.mounts.push_back(symlink_step("/var/tmp", "/tmp")); // one pool, one limit
    plan.landlock.push_back({"/tmp", Access::ReadWriteExecute});
}

} // namespace

void add_kernel_tree(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    add_proc(plan);
    add_dev(plan, facts, profile);
    add_run(plan, facts);
    add_tmp(plan, facts, profile.resources);
    plan.landlock.push_back({"/", Access::List});
}

} // namespace osh::launcher
