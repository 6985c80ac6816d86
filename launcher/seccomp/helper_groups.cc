#include "launcher/seccomp/helper_groups.h"

#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint32_t kAll = 0xFFFFFFFFU;

CallGroup running()
{
    return {"running", "memory, the end, and what the C library asks on the way",
        {"brk", "munmap", "mremap", "madvise", "futex", "getpid", "gettid", "tgkill",
            "clock_gettime", "getrandom", "rt_sigprocmask", "rt_sigaction", "rt_sigreturn",
            "restart_syscall", "exit", "exit_group"}};
}

ArgumentRule no_code()
{
    return {"mmap", 0, {{2, PROT_EXEC, 0}}};
}

} // namespace

// Table: the groups and the reason of each.
std::vector<CallGroup> const& broker_groups()
{
    static std::vector<CallGroup> const groups{
        running(),
        {"callers", "who calls, from where, and what its pointers lead to",
            {"process_vm_readv", "pidfd_open", "pread64", "readlinkat"}},
        {"channels", "refusals are told to init, and it says who may be traced",
            {"sendmsg", "recvmsg", "poll", "ppoll"}},
        {"places", "looking at where a name is, and what lies there",
            {"openat2", "openat", "newfstatat", "fstat", "statx", "fstatfs", "getdents64", "lseek",
                "close", "fcntl"}},
        {"names", "the agent's calls, carried out",
            {"mkdirat", "mknodat", "symlinkat", "renameat2", "linkat", "umask", "ftruncate"}},
        {"sockets' names", "bind(2) of the agent's own socket, from the directory it means",
            {"pidfd_getfd", "bind", "fchdir", "chdir"}},
        {"git's configuration", "is read, checked and written anew", {"read", "write", "unlinkat"}},
        {"waiting opens", "the child that waits for a FIFO's other end is ended",
            {"pidfd_send_signal", "wait4"}},
    };
    return groups;
}

std::vector<ArgumentRule> broker_rules(FilterChoice choice)
{
    // The listener's requests, SECCOMP_IOC_MAGIC.
    constexpr std::uint32_t kRequestKind = 0xFF00, kSeccomp = 0x2100;
    constexpr std::uint32_t kCopy = CLONE_PIDFD | SIGCHLD; // no namespace, no shared memory
    std::vector<ArgumentRule> rules{no_code(), {"ioctl", 0, {{1, kRequestKind, kSeccomp}}},
        {"clone", 0, {{0, kAll, kCopy}}}, {"prctl", 0, {{0, kAll, PR_SET_PDEATHSIG}}},
        {"socketpair", 0, {{0, kAll, AF_UNIX}}}}; // to a child that opens for it
    if (choice.nested_allow) {
        // Opening what proc(5) judges by the opener's namespace; mounting in the caller's place.
        for (std::uint32_t const kind :
            {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWPID})
            rules.push_back({"setns", 0, {{1, kAll, kind}}});
        rules.push_back({"mount", 0, {}});
        rules.push_back({"chroot", 0, {}});
    }
    return rules;
}

std::vector<CallGroup> const& mask_watch_groups()
{
    static std::vector<CallGroup> const groups{
        running(),
        {"watching", "directories are listed and watched",
            {"inotify_add_watch", "read", "newfstatat", "fstat", "statx", "getdents64", "lseek",
                "close", "fcntl"}},
        {"word", "one message: it stands", {"sendmsg"}},
        {"sockets that appear", "is one the host's: it is asked, and sock_diag(7) is",
            {"poll", "connect", "sendto", "recvfrom"}},
        {"covering", "the mask is mounted", {"open_tree", "mount_setattr", "move_mount"}},
    };
    return groups;
}

std::vector<ArgumentRule> mask_watch_rules()
{
    constexpr std::uint32_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
    // openat2's flags lie in memory: what it opens there it could only look at (O_PATH, look_up()),
    // or change as the agent may, whose place it shares. No call that writes is allowed.
    return {no_code(), {"openat", 0, {{2, kWriting, O_RDONLY}}}, {"openat2", 0, {}},
        {"socket", 0, {{0, kAll, AF_UNIX}}}, {"socket", 0, {{0, kAll, AF_NETLINK}}}};
}

} // namespace osh::launcher
