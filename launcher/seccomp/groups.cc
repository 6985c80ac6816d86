// Which system calls the agent may make. A call that stands in no table does not exist for it
// (ENOSYS), so what a future kernel adds is closed until somebody writes down why it is needed.

#include "launcher/seccomp/groups.h"

#include <array>
#include <cerrno>
#include <seccomp.h>
#include <string>

namespace osh::launcher
{
namespace
{

struct NewCall {
    std::string_view name;
    int number;
};
// x86-64 numbers of what came after libseccomp 2.5.4 (and are the same on all architectures).
constexpr std::array kNewCalls{NewCall{"fchmodat2", 452}, NewCall{"map_shadow_stack", 453},
    NewCall{"futex_wake", 454}, NewCall{"futex_wait", 455}, NewCall{"futex_requeue", 456},
    NewCall{"statmount", 457}, NewCall{"listmount", 458}, NewCall{"lsm_get_self_attr", 459},
    NewCall{"mseal", 462}, NewCall{"setxattrat", 463}, NewCall{"getxattrat", 464},
    NewCall{"listxattrat", 465}, NewCall{"removexattrat", 466}, NewCall{"open_tree_attr", 467},
    NewCall{"cachestat", 451}, NewCall{"set_mempolicy_home_node", 450}};

} // namespace

// Table: the groups and the reason of each.
std::vector<CallGroup> const& allowed_groups()
{
    static std::vector<CallGroup> const groups{
        {"basic", "every program reads, writes and ends",
            {"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev",
                "preadv2", "pwritev2", "close", "close_range", "lseek", "exit", "exit_group",
                "restart_syscall", "arch_prctl", "set_tid_address", "set_robust_list",
                "get_robust_list", "rseq", "getrandom", "uname", "sysinfo", "getcpu",
                "membarrier"}},
        {"memory", "allocation, mapping of files and code, just-in-time compilers",
            {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "mlock",
                "mlock2", "munlock", "mlockall", "munlockall", "memfd_create", "memfd_secret",
                "pkey_alloc", "pkey_free", "pkey_mprotect", "map_shadow_stack", "mseal",
                "set_mempolicy", "get_mempolicy", "remap_file_pages"}},
        {"threads", "threads and locks",
            {"clone", "fork", "vfork", "futex", "futex_waitv", "futex_wake", "futex_wait",
                "futex_requeue", "gettid", "sched_yield", "sched_getaffinity", "sched_setaffinity",
                "sched_getparam", "sched_setparam", "sched_getscheduler", "sched_setscheduler",
                "sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval",
                "sched_getattr", "getpriority", "setpriority", "ioprio_get", "ioprio_set"}},
        {"processes", "starting, waiting for and asking about own processes",
            {"execve", "execveat", "wait4", "waitid", "getpid", "getppid", "getpgid", "getpgrp",
                "setpgid", "getsid", "setsid", "getuid", "geteuid", "getgid", "getegid",
                "getresuid", "getresgid", "getgroups", "setuid", "setgid", "setreuid", "setregid",
                "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capget", "capset",
                "prctl", "personality", "getrlimit", "setrlimit", "prlimit64", "getrusage", "times",
                "umask", "unshare", "pidfd_open", "pidfd_send_signal", "process_vm_readv",
                "process_mrelease"}},
        {"signals", "signals within the own PID namespace",
            {"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
                "rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "kill",
                "tkill", "tgkill", "pause", "alarm", "signalfd", "signalfd4", "getitimer",
                "setitimer"}},
        {"time", "reading clocks, sleeping, timers",
            {"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday",
                "time", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun",
                "timer_delete", "timerfd_create", "timerfd_settime", "timerfd_gettime"}},
        {"files", "opening, examining and changing files; mounts and Landlock say which",
            {"open", "openat", "creat", "stat", "lstat", "fstat", "newfstatat", "statx", "access",
                "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64",
                "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "rename", "renameat",
                "renameat2", "link", "linkat", "unlink", "unlinkat", "symlink", "symlinkat",
                "mknod", "mknodat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown",
                "fchown", "fchownat", "utime", "utimes", "futimesat", "utimensat", "truncate",
                "ftruncate", "fallocate", "fadvise64", "readahead", "flock", "fcntl", "fsync",
                "fdatasync", "sync", "syncfs", "sync_file_range", "statfs", "fstatfs", "sendfile",
                "copy_file_range", "splice", "tee", "vmsplice", "dup", "dup2", "dup3", "pipe",
                "pipe2", "cachestat", "setxattr", "lsetxattr", "fsetxattr", "getxattr", "lgetxattr",
                "fgetxattr", "listxattr", "llistxattr", "flistxattr", "removexattr", "lremovexattr",
                "fremovexattr", "setxattrat", "getxattrat", "listxattrat", "removexattrat"}},
        {"events", "waiting for descriptors, watching files",
            {"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
                "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "inotify_init",
                "inotify_init1", "inotify_add_watch", "inotify_rm_watch", "io_setup", "io_destroy",
                "io_submit", "io_getevents", "io_pgetevents", "io_cancel"}},
        {"sockets", "networking; families, types and options are narrowed by arguments",
            {"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "shutdown",
                "getsockname", "getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg",
                "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"}},
        {"terminals", "terminal modes and sizes; the ways to type into a terminal are refused",
            {"ioctl"}},
        {"ipc", "System V and POSIX objects of the own IPC namespace",
            {"shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semtimedop", "semctl",
                "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend",
                "mq_timedreceive", "mq_notify", "mq_getsetattr"}},
        {"sandboxes", "programs that confine themselves further",
            {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
                "lsm_get_self_attr"}},
    };
    return groups;
}

std::vector<RefusedCalls> const& refused_calls()
{
    static std::vector<RefusedCalls> const refused{
        {EPERM, "would rebuild the view of files",
            {"mount", "umount2", "pivot_root", "chroot", "mount_setattr", "open_tree",
                "open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"}},
        {EPERM, "would enter other namespaces", {"setns"}},
        {EPERM, "reaches into other processes",
            {"process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp", "move_pages",
                "migrate_pages", "mbind"}},
        {EPERM, "kernel programs", {"bpf"}},
        {EACCES, "performance counters see other processes", {"perf_event_open"}},
        {EPERM, "files by handle, past every directory",
            {"open_by_handle_at", "name_to_handle_at", "fanotify_init", "fanotify_mark"}},
        {EPERM, "administration of the machine",
            {"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load",
                "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "settimeofday",
                "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
                "syslog", "iopl", "ioperm", "vhangup"}},
        {EPERM, "real-time scheduling through a pointer", {"sched_setattr"}},
    };
    return refused;
}

std::vector<std::string_view> const& nested_calls()
{
    static std::vector<std::string_view> const calls{"mount", "umount2", "pivot_root", "chroot",
        "mount_setattr", "open_tree", "open_tree_attr", "move_mount", "setns", "sethostname",
        "setdomainname"};
    return calls;
}

std::vector<std::string_view> const& absent_nested_calls()
{
    static std::vector<std::string_view> const calls{"fsopen", "fsconfig", "fsmount", "fspick"};
    return calls;
}

std::vector<std::string_view> const& init_calls()
{
    static std::vector<std::string_view> const calls{"read", "write", "close", "readlinkat",
        "newfstatat", "fstat", "fstatfs", "statx", "getdents64", "lseek", "pread64", "sendto",
        "recvfrom", "sendmsg", "recvmsg", "poll", "ppoll", "wait4", "waitid", "kill", "ioctl",
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "signalfd4", "brk",
        "munmap", "mremap", "madvise", "futex", "getpid", "getpgid", "gettid", "tgkill",
        "clock_gettime", "getrandom", "exit", "exit_group", "restart_syscall", "fcntl", "connect",
        "setsockopt",                 // to a listener inside whose port is published
        "kcmp",                       // owner look-ups: a thread with a descriptor table of its own
        "pidfd_open", "pidfd_getfd"}; // likewise: a program that made itself undumpable
    return calls;
}

// bind(2) and listen(2) stay: a person publishes ports while the session runs, on sockets that were
// made before. Nothing can be called with them: connect(2) is gone, and TCP fast open with it.
std::vector<std::string_view> const& calls_of_the_start()
{
    static std::vector<std::string_view> const calls{"execve", "execveat", "fork", "vfork", "clone",
        "clone3", "unshare", "ptrace", "process_vm_readv", "connect", "io_uring_setup",
        "io_uring_enter", "io_uring_register", "userfaultfd", "keyctl", "add_key", "request_key",
        "modify_ldt", "personality", "setuid", "setgid", "setresuid", "setresgid", "setreuid",
        "setregid", "setgroups", "capset"};
    return calls;
}

int number_of_call(std::string_view name)
{
    int const known = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (known >= 0)
        return known;
    for (auto const& call : kNewCalls)
        if (call.name == name)
            return call.number;
    return -1;
}

} // namespace osh::launcher
