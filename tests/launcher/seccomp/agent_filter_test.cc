// Every row of the table of system calls (security design H7), asked of the very programs that are
// installed, for both architectures and with rubbish in the high halves of 32-bit arguments.

#include "launcher/seccomp/programs.h"
#include "tests/support/bpf_machine.h"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace osh::launcher
{
namespace
{

using Arguments = std::array<std::uint64_t, 6>;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW, kNotify = SECCOMP_RET_USER_NOTIF;
constexpr std::uint64_t kHigh = std::uint64_t{0x5A5A5A5A} << 32;

std::uint32_t refuse(int error)
{
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

std::uint32_t answer(FilterChoice choice, seccomp_data const& data)
{
    auto const programs = agent_filter(choice);
    std::uint32_t result = kAllow;
    for (Bytes program : {programs.calls, programs.arguments, programs.watched}) {
        if (program.empty())
            continue;
        auto const one = test::BpfMachine(program).run(data);
        EXPECT_TRUE(one.has_value()) << "call " << data.nr;
        result = test::strictest(result, one.value_or(SECCOMP_RET_KILL_PROCESS));
    }
    return result;
}

struct Row {
    char const* what;
    long number;
    Arguments arguments;
    int error; // 0: allowed
};

constexpr FilterChoice kStrict{false, false}, kDebug{false, true}, kNested{true, false};

void expect_rows(FilterChoice choice, std::vector<Row> const& rows)
{
    for (auto const& row : rows) {
        std::uint32_t const wanted = row.error == 0 ? kAllow : refuse(row.error);
        EXPECT_EQ(answer(choice, test::call_data(row.number, row.arguments)), wanted) << row.what;
    }
}

// Table: refused whatever the arguments are.
std::vector<Row> const& closed_calls()
{
    static std::vector<Row> const rows{
        {"setns", SYS_setns, {}, EPERM},
        {"clone3", SYS_clone3, {}, ENOSYS},
        {"process_vm_writev", SYS_process_vm_writev, {}, EPERM},
        {"process_madvise", SYS_process_madvise, {}, EPERM},
        {"pidfd_getfd", SYS_pidfd_getfd, {}, EPERM},
        {"kcmp", SYS_kcmp, {}, EPERM},
        {"bpf", SYS_bpf, {}, EPERM},
        {"perf_event_open", SYS_perf_event_open, {}, EACCES},
        {"userfaultfd", SYS_userfaultfd, {}, ENOSYS},
        {"io_uring_setup", SYS_io_uring_setup, {}, ENOSYS},
        {"io_uring_enter", SYS_io_uring_enter, {}, ENOSYS},
        {"io_uring_register", SYS_io_uring_register, {}, ENOSYS},
        {"keyctl", SYS_keyctl, {}, ENOSYS},
        {"add_key", SYS_add_key, {}, ENOSYS},
        {"request_key", SYS_request_key, {}, ENOSYS},
        {"open_by_handle_at", SYS_open_by_handle_at, {}, EPERM},
        {"name_to_handle_at", SYS_name_to_handle_at, {}, EPERM},
        {"fanotify_init", SYS_fanotify_init, {}, EPERM},
        {"fanotify_mark", SYS_fanotify_mark, {}, EPERM},
        {"init_module", SYS_init_module, {}, EPERM},
        {"finit_module", SYS_finit_module, {}, EPERM},
        {"delete_module", SYS_delete_module, {}, EPERM},
        {"kexec_load", SYS_kexec_load, {}, EPERM},
        {"kexec_file_load", SYS_kexec_file_load, {}, EPERM},
        {"reboot", SYS_reboot, {}, EPERM},
        {"swapon", SYS_swapon, {}, EPERM},
        {"swapoff", SYS_swapoff, {}, EPERM},
        {"acct", SYS_acct, {}, EPERM},
        {"quotactl", SYS_quotactl, {}, EPERM},
        {"quotactl_fd", 443, {}, EPERM},
        {"settimeofday", SYS_settimeofday, {}, EPERM},
        {"clock_settime", SYS_clock_settime, {}, EPERM},
        {"clock_adjtime", SYS_clock_adjtime, {}, EPERM},
        {"adjtimex", SYS_adjtimex, {}, EPERM},
        {"syslog", SYS_syslog, {}, EPERM},
        {"iopl", SYS_iopl, {}, EPERM},
        {"ioperm", SYS_ioperm, {}, EPERM},
        {"vhangup", SYS_vhangup, {}, EPERM},
        {"nfsservctl", SYS_nfsservctl, {}, ENOSYS},
        {"lookup_dcookie", SYS_lookup_dcookie, {}, ENOSYS},
        {"uselib", SYS_uselib, {}, ENOSYS},
        {"ustat", SYS_ustat, {}, ENOSYS},
        {"sysfs", SYS_sysfs, {}, ENOSYS},
        {"_sysctl", SYS__sysctl, {}, ENOSYS},
        {"modify_ldt", SYS_modify_ldt, {}, ENOSYS},
        {"move_pages", SYS_move_pages, {}, EPERM},
        {"migrate_pages", SYS_migrate_pages, {}, EPERM},
        {"mbind", SYS_mbind, {}, EPERM},
        {"statmount", 457, {}, ENOSYS},
        {"listmount", 458, {}, ENOSYS},
        {"sched_setattr", SYS_sched_setattr, {}, EPERM},
        {"openat2, whose arguments are behind a pointer", SYS_openat2, {}, ENOSYS},
        {"a call of the future", 700, {}, ENOSYS},
        {"no call", -1, {}, ENOSYS},
    };
    return rows;
}

// Table: what rebuilds the view of files; a profile with nested = "allow" opens these.
std::vector<Row> const& namespace_calls()
{
    static std::vector<Row> const rows{
        {"mount", SYS_mount, {}, EPERM},
        {"umount2", SYS_umount2, {}, EPERM},
        {"pivot_root", SYS_pivot_root, {}, EPERM},
        {"chroot", SYS_chroot, {}, EPERM},
        {"mount_setattr", SYS_mount_setattr, {}, EPERM},
        {"open_tree", SYS_open_tree, {}, EPERM},
        {"open_tree_attr", 467, {}, EPERM},
        {"move_mount", SYS_move_mount, {}, EPERM},
        {"fsopen", SYS_fsopen, {}, EPERM},
        {"fsconfig", SYS_fsconfig, {}, EPERM},
        {"fsmount", SYS_fsmount, {}, EPERM},
        {"fspick", SYS_fspick, {}, EPERM},
        {"sethostname", SYS_sethostname, {}, EPERM},
        {"setdomainname", SYS_setdomainname, {}, EPERM},
        {"unshare user", SYS_unshare, {CLONE_NEWUSER}, EPERM},
        {"unshare user, high", SYS_unshare, {kHigh | CLONE_NEWUSER}, EPERM},
        {"unshare mount", SYS_unshare, {CLONE_NEWNS}, EPERM},
        {"unshare all", SYS_unshare, {0x7E020080}, EPERM},
        {"unshare time", SYS_unshare, {CLONE_NEWTIME}, EPERM},
        {"clone user", SYS_clone, {CLONE_NEWUSER | SIGCHLD}, EPERM},
        {"clone user, high", SYS_clone, {kHigh | CLONE_NEWUSER | SIGCHLD}, EPERM},
        {"clone mount", SYS_clone, {CLONE_NEWNS | SIGCHLD}, EPERM},
        {"clone pid", SYS_clone, {CLONE_NEWPID | SIGCHLD}, EPERM},
        {"clone net", SYS_clone, {CLONE_NEWNET | SIGCHLD}, EPERM},
        {"clone ipc", SYS_clone, {CLONE_NEWIPC | SIGCHLD}, EPERM},
        {"clone uts", SYS_clone, {CLONE_NEWUTS | SIGCHLD}, EPERM},
        {"clone cgroup", SYS_clone, {CLONE_NEWCGROUP | SIGCHLD}, EPERM},
    };
    return rows;
}

// Table: calls that exist, and what they may not be asked.
std::vector<Row> const& narrowed_calls()
{
    static std::vector<Row> const rows{
        {"fork by clone", SYS_clone, {SIGCHLD}, 0},
        {"a thread", SYS_clone, {0x3D0F00}, 0},
        {"a traced child", SYS_clone, {CLONE_PTRACE | SIGCHLD}, EPERM},
        {"unshare of files", SYS_unshare, {CLONE_FILES}, 0},
        {"process_vm_readv", SYS_process_vm_readv, {}, 0},
        {"pidfd_open", SYS_pidfd_open, {}, 0},
        {"pidfd_send_signal", SYS_pidfd_send_signal, {}, 0},
        {"memfd_create", SYS_memfd_create, {}, 0},
        {"execveat", SYS_execveat, {}, 0},
        {"set_mempolicy", SYS_set_mempolicy, {}, 0},
        {"landlock", SYS_landlock_create_ruleset, {}, 0},
        {"personality 0", SYS_personality, {0}, 0},
        {"personality query", SYS_personality, {0xFFFFFFFF}, 0},
        {"personality without randomness", SYS_personality, {ADDR_NO_RANDOMIZE}, 0},
        {"personality 32 bit", SYS_personality, {PER_LINUX32}, 0},
        {"READ_IMPLIES_EXEC", SYS_personality, {READ_IMPLIES_EXEC}, EPERM},
        {"READ_IMPLIES_EXEC, high", SYS_personality, {kHigh | READ_IMPLIES_EXEC}, EPERM},
        {"PR_SET_MM", SYS_prctl, {PR_SET_MM}, EPERM},
        {"PR_SET_MM, high", SYS_prctl, {kHigh | PR_SET_MM}, EPERM},
        {"PR_SET_NAME", SYS_prctl, {PR_SET_NAME}, 0},
        {"TIOCSTI", SYS_ioctl, {0, TIOCSTI}, EPERM},
        {"TIOCSTI, high", SYS_ioctl, {0, kHigh | TIOCSTI}, EPERM},
        {"TIOCLINUX", SYS_ioctl, {0, 0x541C}, EPERM},
        {"TIOCLINUX, high", SYS_ioctl, {0, kHigh | 0x541C}, EPERM},
        {"TIOCSETD", SYS_ioctl, {0, 0x5423}, EPERM},
        {"TIOCCONS", SYS_ioctl, {0, 0x541D}, EPERM},
        {"TIOCVHANGUP", SYS_ioctl, {0, 0x5437}, EPERM},
        {"KDSKBENT", SYS_ioctl, {0, 0x4B47}, EPERM},
        {"TCGETS", SYS_ioctl, {0, TCGETS}, 0},
        {"TIOCSWINSZ", SYS_ioctl, {0, TIOCSWINSZ}, 0},
        {"a local socket", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, 0},
        {"TCP", SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP}, 0},
        {"UDP 6", SYS_socket, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP}, 0},
        {"ping", SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_ICMP}, 0},
        {"netlink routes", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, 0},
        {"netlink audit", SYS_socket, {AF_NETLINK, SOCK_RAW, 9}, EPROTONOSUPPORT},
        {"netlink netfilter", SYS_socket, {AF_NETLINK, SOCK_RAW, 12}, EPROTONOSUPPORT},
        {"netlink xfrm, high", SYS_socket, {AF_NETLINK, SOCK_RAW, kHigh | 6}, EPROTONOSUPPORT},
        {"MPTCP", SYS_socket, {AF_INET, SOCK_STREAM, 262}, EPROTONOSUPPORT},
        {"SCTP", SYS_socket, {AF_INET, SOCK_STREAM, 132}, EPROTONOSUPPORT},
        {"raw", SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_ICMP}, EPERM},
        {"raw, high", SYS_socket, {AF_INET, kHigh | SOCK_RAW, IPPROTO_ICMP}, EPERM},
        {"raw 6", SYS_socket, {AF_INET6, SOCK_RAW | SOCK_NONBLOCK, 58}, EPERM},
        {"AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, EAFNOSUPPORT},
        {"AF_VSOCK", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}, EAFNOSUPPORT},
        {"AF_VSOCK, high", SYS_socket, {kHigh | AF_VSOCK, SOCK_STREAM, 0}, EAFNOSUPPORT},
        {"AF_ALG", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}, EAFNOSUPPORT},
        {"AF_BLUETOOTH", SYS_socket, {AF_BLUETOOTH, SOCK_RAW, 0}, EAFNOSUPPORT},
        {"AF_TIPC", SYS_socket, {AF_TIPC, SOCK_STREAM, 0}, EAFNOSUPPORT},
        {"AF_XDP", SYS_socket, {44, SOCK_RAW, 0}, EAFNOSUPPORT},
        {"AF_KEY", SYS_socket, {AF_KEY, SOCK_RAW, 2}, EAFNOSUPPORT},
        {"socketpair of TIPC", SYS_socketpair, {AF_TIPC, SOCK_STREAM, 0}, EAFNOSUPPORT},
        {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0}, 0},
        {"SO_ATTACH_BPF", SYS_setsockopt, {0, SOL_SOCKET, 50}, EPERM},
        {"SO_ATTACH_REUSEPORT_EBPF", SYS_setsockopt, {0, SOL_SOCKET, 52}, EPERM},
        {"TCP_REPAIR", SYS_setsockopt, {0, IPPROTO_TCP, 19}, EPERM},
        {"TCP_ULP", SYS_setsockopt, {0, IPPROTO_TCP, 31}, EPERM},
        {"IPT_SO_SET_REPLACE", SYS_setsockopt, {0, IPPROTO_IP, 64}, EPERM},
        {"IPT_SO_SET_REPLACE, high", SYS_setsockopt, {0, kHigh, kHigh | 64}, EPERM},
        {"IP6T_SO_SET_REPLACE", SYS_setsockopt, {0, IPPROTO_IPV6, 64}, EPERM},
        {"IPT_SO_GET_INFO", SYS_getsockopt, {0, IPPROTO_IP, 64}, EPERM},
        {"SO_REUSEADDR", SYS_setsockopt, {0, SOL_SOCKET, SO_REUSEADDR}, 0},
        {"TCP_NODELAY", SYS_setsockopt, {0, IPPROTO_TCP, 1}, 0},
        {"chmod", SYS_chmod, {0, 0755}, 0},
        {"chmod set-uid", SYS_chmod, {0, 04755}, EPERM},
        {"chmod set-gid, high", SYS_chmod, {0, kHigh | 02755}, EPERM},
        {"fchmod set-uid", SYS_fchmod, {0, 04755}, EPERM},
        {"fchmodat set-uid", SYS_fchmodat, {0, 0, 04755}, EPERM},
        {"fchmodat2 set-uid", 452, {0, 0, 04755}, EPERM},
        {"mkdir set-gid", SYS_mkdir, {0, 02755}, EPERM},
        {"mkdirat set-gid", SYS_mkdirat, {0, 0, 02755}, EPERM},
        {"creat set-uid", SYS_creat, {0, 04755}, EPERM},
        {"open set-uid", SYS_open, {0, O_CREAT, 04755}, EPERM},
        {"open without a mode", SYS_open, {0, O_RDONLY, 04755}, 0},
        {"openat set-uid", SYS_openat, {0, 0, O_CREAT | O_WRONLY, 04755}, EPERM},
        {"openat of a nameless set-uid file", SYS_openat, {0, 0, O_TMPFILE, 04755}, EPERM},
        {"openat", SYS_openat, {0, 0, O_CREAT, 0644}, 0},
        {"mknod char", SYS_mknod, {0, S_IFCHR | 0666}, EPERM},
        {"mknodat block", SYS_mknodat, {0, 0, S_IFBLK | 0666}, EPERM},
        {"mknodat char, high", SYS_mknodat, {0, 0, kHigh | S_IFCHR}, EPERM},
        {"mknod set-uid file", SYS_mknod, {0, S_IFREG | 04755}, EPERM},
        {"mkfifo", SYS_mknod, {0, S_IFIFO | 0600}, 0},
        {"setpriority of the user", SYS_setpriority, {PRIO_USER}, EPERM},
        {"setpriority of a group", SYS_setpriority, {PRIO_PGRP}, EPERM},
        {"setpriority of the user, high", SYS_setpriority, {kHigh | PRIO_USER}, EPERM},
        {"nice", SYS_setpriority, {PRIO_PROCESS}, 0},
        {"ioprio_set of the user", SYS_ioprio_set, {3}, EPERM},
        {"ioprio_set", SYS_ioprio_set, {1}, 0},
        {"FIFO class", SYS_sched_setscheduler, {0, 1}, EPERM},
        {"round robin class, on fork reset", SYS_sched_setscheduler, {0, 0x40000002}, EPERM},
        {"deadline class, high", SYS_sched_setscheduler, {0, kHigh | 6}, EPERM},
        {"batch class", SYS_sched_setscheduler, {0, 3}, 0},
        {"own filter", SYS_seccomp, {1, 0}, 0},
    };
    return rows;
}

TEST(AgentFilter, RefusesWhatNobodyNeedsWhateverTheProfile)
{
    for (FilterChoice choice : {kStrict, kDebug, kNested, FilterChoice{true, true}})
        expect_rows(choice, [&] {
            auto rows = closed_calls();
            if (choice.nested_allow)
                std::erase_if(rows, [](Row const& row) { return row.number == SYS_setns; });
            return rows;
        }());
}

TEST(AgentFilter, NarrowsArgumentsWhateverTheProfile)
{
    for (FilterChoice choice : {kStrict, kDebug, kNested, FilterChoice{true, true}})
        expect_rows(choice, narrowed_calls());
}

TEST(AgentFilter, RefusesNamespacesAndMounts)
{
    expect_rows(kStrict, namespace_calls());
    expect_rows(kDebug, namespace_calls());
}

TEST(AgentFilter, OpensNamespacesAndMountsForNestedSandboxes)
{
    auto rows = namespace_calls();
    for (auto& row : rows) {
        bool const makes_by_text = row.number == SYS_fsopen || row.number == SYS_fsconfig
                                   || row.number == SYS_fsmount || row.number == SYS_fspick;
        row.error = makes_by_text ? ENOSYS : 0; // mount(2) instead, which the broker hears of
    }
    expect_rows(kNested, rows);
}

TEST(AgentFilter, RefusesListenersEvenWhenNested) // the agent's would be asked before the broker
{
    Row const listener{"new listener", SYS_seccomp, {1, SECCOMP_FILTER_FLAG_NEW_LISTENER}, EPERM};
    expect_rows(kStrict, {listener});
    expect_rows(kNested, {listener});
}

TEST(AgentFilter, RefusesPtraceWithoutDebug)
{
    for (std::uint64_t request : {0UL, 1UL, 16UL, 0x4206UL, kHigh | 16UL})
        expect_rows(kStrict, {{"ptrace", SYS_ptrace, {request}, EPERM}});
}

TEST(AgentFilter, TellsInitWhenAProcessBecomesTraced)
{
    for (std::uint64_t request : {0UL, 16UL, 0x4206UL, kHigh, kHigh | 16UL, kHigh | 0x4206UL})
        EXPECT_EQ(answer(kDebug, test::call_data(SYS_ptrace, {request})), kNotify) << request;
    for (std::uint64_t request : {1UL, 3UL, 7UL, 17UL, 24UL, 0x4200UL})
        EXPECT_EQ(answer(kDebug, test::call_data(SYS_ptrace, {request})), kAllow) << request;
}

TEST(AgentFilter, KnowsNoCallOfAnotherArchitecture)
{
    for (FilterChoice choice : {kStrict, kDebug, kNested, FilterChoice{true, true}})
        for (int number = 0; number < 500; ++number) {
            EXPECT_EQ(answer(choice, test::call_data(number, {}, AUDIT_ARCH_I386)), refuse(ENOSYS));
            EXPECT_EQ(answer(choice, test::call_data(number | 0x40000000, {})), refuse(ENOSYS));
            EXPECT_EQ(
                answer(choice, test::call_data(number, {}, AUDIT_ARCH_AARCH64)), refuse(ENOSYS));
        }
}

TEST(AskingFilter, HearsOfNewFileSystemsAlsoBehindTheOldMagicNumber)
{
    auto const asked = [](FilterChoice choice, std::uint64_t flags) {
        return test::BpfMachine(agent_filter(choice).asking)
            .run(test::call_data(SYS_mount, {0, 0, 0, flags}));
    };
    constexpr std::uint64_t kMagic = 0xC0ED0000, kBind = 4096, kRemount = 32, kMove = 8192,
                            kPrivate = 1 << 18, kSilent = 32768, kNosuid = 2;
    for (std::uint64_t const flags :
        {std::uint64_t{0}, kNosuid, kSilent, kMagic, kMagic | kNosuid, kHigh, kHigh | kMagic})
        EXPECT_EQ(asked(kNested, flags), kNotify) << flags;
    for (std::uint64_t const flags : {kBind, kRemount, kMove, kPrivate, kMagic | kBind})
        EXPECT_EQ(asked(kNested, flags), kAllow) << flags;
    EXPECT_EQ(asked(kStrict, 0), kAllow) << "refused by the other filter";
    EXPECT_EQ(answer(kNested, test::call_data(SYS_fsopen, {})), refuse(ENOSYS));
}

TEST(AgentFilter, MakesNoSubvolumesButSharesExtents)
{
    constexpr std::uint64_t kSnapshot = 0x50009401, kSubvolume = 0x5000940E,
                            kSnapshot2 = 0x50009417, kSubvolume2 = 0x50009418,
                            kDestroy = 0x5000940F, kNames = 0x81F8943C, kBcachefs = 0x4020BC10;
    for (std::uint64_t const request :
        {kSnapshot, kSubvolume, kSnapshot2, kSubvolume2, kDestroy, kNames, kBcachefs})
        for (std::uint64_t const high : {std::uint64_t{0}, kHigh})
            EXPECT_EQ(
                answer(kStrict, test::call_data(SYS_ioctl, {3, request | high})), refuse(ENOTTY))
                << request;
    constexpr std::uint64_t kClone = 0x40049409, kCloneRange = 0x4020940D, kSame = 0xC0189436;
    for (std::uint64_t const request : {kClone, kCloneRange, kSame})
        EXPECT_EQ(answer(kStrict, test::call_data(SYS_ioctl, {3, request})), kAllow) << request;
}

TEST(InitFilter, MakesSocketsForListenersInsideAndForTheKernelsAnswersOnly)
{
    auto const answered = [](std::uint64_t domain) {
        return test::BpfMachine(init_filter()).run(test::call_data(SYS_socket, {domain}));
    };
    for (int domain : {AF_INET, AF_INET6, AF_NETLINK})
        EXPECT_EQ(answered(static_cast<std::uint64_t>(domain)), SECCOMP_RET_ALLOW) << domain;
    for (int domain : {AF_UNIX, AF_PACKET, AF_VSOCK, AF_ALG})
        EXPECT_EQ(answered(static_cast<std::uint64_t>(domain)), refuse(ENOSYS)) << domain;
}

TEST(InitFilter, HasNoExecNoForkAndServesNobody)
{
    for (long number : {SYS_execve, SYS_execveat, SYS_clone, SYS_clone3, SYS_fork, SYS_bind,
             SYS_listen, SYS_ptrace, SYS_mount, SYS_unshare, SYS_setns, SYS_bpf})
        EXPECT_EQ(test::BpfMachine(init_filter()).run(test::call_data(number, {})), refuse(ENOSYS))
            << number;
}

} // namespace
} // namespace osh::launcher
