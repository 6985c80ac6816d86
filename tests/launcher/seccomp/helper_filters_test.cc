#include "launcher/seccomp/programs.h"
#include "tests/support/bpf_machine.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace osh::launcher
{
namespace
{

using Arguments = std::array<std::uint64_t, 6>;
constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | ENOSYS;

std::uint32_t answer(Bytes program, long number, Arguments arguments = {})
{
    return test::BpfMachine(program)
        .run(test::call_data(number, arguments))
        .value_or(SECCOMP_RET_KILL_PROCESS);
}

// Table: what an intruder would want in either.
constexpr long kNever[] = {SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_clone3, SYS_ptrace,
    SYS_process_vm_writev, SYS_socket, SYS_connect, SYS_listen, SYS_accept, SYS_mount, SYS_umount2,
    SYS_fsopen, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_bpf, SYS_keyctl, SYS_io_uring_setup,
    SYS_userfaultfd, SYS_perf_event_open, SYS_open, SYS_creat, SYS_mprotect, SYS_chmod, SYS_fchmod,
    SYS_fchownat, SYS_setxattr, SYS_kill, SYS_seccomp, SYS_memfd_create, SYS_open_by_handle_at};

TEST(BrokerFilter, HasNoExecNoSocketNoMountAndNoCodeInMemory)
{
    for (FilterChoice const choice : {FilterChoice{false, true}, FilterChoice{true, true}}) {
        for (long const number : kNever) {
            bool const is_nested = number == SYS_mount || number == SYS_chroot;
            EXPECT_EQ(answer(broker_filter(choice), number) == kRefused,
                !(is_nested && choice.nested_allow))
                << number;
        }
        EXPECT_EQ(answer(broker_filter(choice), SYS_mmap, {0, 4096, PROT_EXEC}), kRefused);
        EXPECT_EQ(answer(broker_filter(choice), SYS_prctl, {PR_SET_DUMPABLE, 1}), kRefused);
        EXPECT_EQ(answer(broker_filter(choice), SYS_ioctl, {3, TIOCSTI}), kRefused);
    }
}

TEST(BrokerFilter, LetsItCarryOutTheAgentsCalls)
{
    for (long const number : {SYS_openat2, SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_renameat2,
             SYS_linkat, SYS_bind, SYS_pidfd_getfd, SYS_process_vm_readv, SYS_unlinkat})
        EXPECT_EQ(answer(broker_filter({}), number), SECCOMP_RET_ALLOW) << number;
    EXPECT_EQ(
        answer(broker_filter({}), SYS_ioctl, {3, SECCOMP_IOCTL_NOTIF_ADDFD}), SECCOMP_RET_ALLOW);
}

TEST(BrokerFilter, CopiesItselfWithoutNamespacesOrSharedMemory)
{
    constexpr std::uint64_t kCopy = CLONE_PIDFD | SIGCHLD;
    EXPECT_EQ(answer(broker_filter({}), SYS_clone, {kCopy}), SECCOMP_RET_ALLOW);
    for (std::uint64_t const flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_VM, CLONE_PARENT})
        EXPECT_EQ(answer(broker_filter({}), SYS_clone, {kCopy | flag}), kRefused) << flag;
}

TEST(BrokerFilter, EntersNamespacesAndMountsForNestedSandboxesOnly)
{
    EXPECT_EQ(answer(broker_filter({}), SYS_setns, {3, CLONE_NEWUSER}), kRefused);
    FilterChoice const nested{.nested_allow = true};
    EXPECT_EQ(answer(broker_filter(nested), SYS_setns, {3, CLONE_NEWUSER}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(broker_filter(nested), SYS_setns, {3, CLONE_NEWNS}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(broker_filter(nested), SYS_mount), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(broker_filter(nested), SYS_setns, {3, CLONE_NEWUTS}), kRefused);
    EXPECT_EQ(answer(broker_filter(nested), SYS_setns, {3, 0}), kRefused);
}

TEST(MaskWatchFilter, MountsAndWatchesAndWritesNothing)
{
    for (long const number : kNever) {
        if (number == SYS_connect)
            continue; // to a socket that appeared, as the agent may
        EXPECT_EQ(answer(mask_watch_filter(), number), kRefused) << number;
    }
    for (std::uint64_t const family : {AF_INET, AF_INET6, AF_PACKET, AF_VSOCK, AF_ALG})
        EXPECT_EQ(answer(mask_watch_filter(), SYS_socket, {family}), kRefused) << family;
    for (std::uint64_t const family : {AF_UNIX, AF_NETLINK})
        EXPECT_EQ(answer(mask_watch_filter(), SYS_socket, {family}), SECCOMP_RET_ALLOW);
    for (long const number : {SYS_write, SYS_mkdirat, SYS_renameat2, SYS_linkat, SYS_unlinkat,
             SYS_clone, SYS_process_vm_readv, SYS_ftruncate, SYS_ioctl, SYS_prctl})
        EXPECT_EQ(answer(mask_watch_filter(), number), kRefused) << number;
    EXPECT_EQ(answer(mask_watch_filter(), SYS_openat, {0, 0, O_WRONLY}), kRefused);
    EXPECT_EQ(answer(mask_watch_filter(), SYS_openat, {0, 0, O_RDONLY | O_CREAT}), kRefused);
    for (long const number : {SYS_inotify_add_watch, SYS_read, SYS_open_tree, SYS_mount_setattr,
             SYS_move_mount, SYS_openat2})
        EXPECT_EQ(answer(mask_watch_filter(), number), SECCOMP_RET_ALLOW) << number;
}

} // namespace
} // namespace osh::launcher
