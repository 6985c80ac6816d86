#include "launcher/init/prove.h"

#include "launcher/sys/process.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

struct Attempt {
    char const* what;
    long number;
    std::array<long, 5> arguments;
};

// Arguments are such that a call that gets past the filter does no harm: bad descriptors, null
// pointers, empty lengths. What matters is that the refusal comes from the filter.
constexpr std::array kAttempts{
    Attempt{"mount", SYS_mount, {}},
    Attempt{"umount2", SYS_umount2, {}},
    Attempt{"pivot_root", SYS_pivot_root, {}},
    Attempt{"chroot", SYS_chroot, {}},
    Attempt{"open_tree", SYS_open_tree, {-1}},
    Attempt{"move_mount", SYS_move_mount, {-1}},
    Attempt{"fsopen", SYS_fsopen, {}},
    Attempt{"mount_setattr", SYS_mount_setattr, {-1}},
    Attempt{"setns", SYS_setns, {-1}},
    Attempt{"unshare of a user namespace", SYS_unshare, {CLONE_NEWUSER}},
    Attempt{"unshare of a mount namespace", SYS_unshare, {CLONE_NEWNS}},
    Attempt{"clone into a user namespace", SYS_clone, {CLONE_NEWUSER | CLONE_THREAD}},
    Attempt{"clone3", SYS_clone3, {}},
    Attempt{"bpf", SYS_bpf, {-1}},
    Attempt{"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}},
    Attempt{"userfaultfd", SYS_userfaultfd, {-1}},
    Attempt{"io_uring_setup", SYS_io_uring_setup, {0}},
    Attempt{"keyctl", SYS_keyctl, {-1}},
    Attempt{"add_key", SYS_add_key, {}},
    Attempt{"request_key", SYS_request_key, {}},
    Attempt{"open_by_handle_at", SYS_open_by_handle_at, {-1}},
    Attempt{"init_module", SYS_init_module, {}},
    Attempt{"kexec_load", SYS_kexec_load, {0, 0, 0, -1}},
    Attempt{"swapon", SYS_swapon, {}},
    Attempt{"acct", SYS_acct, {1}},
    Attempt{"syslog", SYS_syslog, {-1}},
    Attempt{"process_vm_writev", SYS_process_vm_writev, {-1}},
    Attempt{"pidfd_getfd", SYS_pidfd_getfd, {-1}},
    Attempt{"kcmp", SYS_kcmp, {-1}},
    Attempt{"modify_ldt", SYS_modify_ldt, {-1}},
    Attempt{"iopl", SYS_iopl, {0}},
    Attempt{"socket of AF_PACKET", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
    Attempt{"socket of AF_VSOCK", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
    Attempt{"socket of AF_ALG", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}},
    Attempt{"raw socket", SYS_socket, {AF_INET, SOCK_RAW, 1}},
    Attempt{"TIOCSTI", SYS_ioctl, {-1, TIOCSTI, 0}},
    Attempt{"TIOCSTI with a high bit", SYS_ioctl, {-1, (1L << 32) | TIOCSTI, 0}},
    Attempt{"a set-uid bit", SYS_fchmod, {-1, S_ISUID}},
    Attempt{"open_tree_attr", 467, {-1}},
    Attempt{"fsconfig", SYS_fsconfig, {-1}},
    Attempt{"fsmount", SYS_fsmount, {-1}},
    Attempt{"fspick", SYS_fspick, {-1}},
    Attempt{"sethostname", SYS_sethostname, {}},
    Attempt{"setdomainname", SYS_setdomainname, {}},
    Attempt{"statmount", 457, {}},
    Attempt{"listmount", 458, {}},
    Attempt{"openat2", SYS_openat2, {-1}},
    Attempt{"io_uring_enter", SYS_io_uring_enter, {-1}},
    Attempt{"io_uring_register", SYS_io_uring_register, {-1}},
    Attempt{"name_to_handle_at", SYS_name_to_handle_at, {-1}},
    Attempt{"fanotify_init", SYS_fanotify_init, {-1, -1}},
    Attempt{"fanotify_mark", SYS_fanotify_mark, {-1}},
    Attempt{"finit_module", SYS_finit_module, {-1}},
    Attempt{"delete_module", SYS_delete_module, {}},
    Attempt{"kexec_file_load", SYS_kexec_file_load, {-1, -1}},
    Attempt{"reboot", SYS_reboot, {}},
    Attempt{"swapoff", SYS_swapoff, {}},
    Attempt{"quotactl", SYS_quotactl, {-1}},
    Attempt{"quotactl_fd", 443, {-1}},
    Attempt{"settimeofday", SYS_settimeofday, {1}},
    Attempt{"clock_settime", SYS_clock_settime, {-1}},
    Attempt{"clock_adjtime", SYS_clock_adjtime, {-1}},
    Attempt{"adjtimex", SYS_adjtimex, {1}},
    Attempt{"ioperm", SYS_ioperm, {-1}},
    Attempt{"vhangup", SYS_vhangup, {}},
    Attempt{"uselib", SYS_uselib, {}},
    Attempt{"process_madvise", SYS_process_madvise, {-1}},
    Attempt{"move_pages", SYS_move_pages, {-1}},
    Attempt{"migrate_pages", SYS_migrate_pages, {-1}},
    Attempt{"mbind", SYS_mbind, {}},
    Attempt{"sched_setattr", SYS_sched_setattr, {-1}},
    Attempt{"real-time scheduling", SYS_sched_setscheduler, {-1, 1}},
    Attempt{"the user's other processes' priority", SYS_setpriority, {2, -1}},
    Attempt{"a group's priority", SYS_setpriority, {1, -1}},
    Attempt{"the user's other processes' disk priority", SYS_ioprio_set, {3, -1, -1}},
    Attempt{"an executable stack by personality", SYS_personality, {0x0400000}},
    Attempt{"a traced child by clone", SYS_clone, {CLONE_PTRACE | CLONE_THREAD}},
    Attempt{"socket of AF_KEY", SYS_socket, {AF_KEY, SOCK_RAW, 2}},
    Attempt{"socket of AF_BLUETOOTH", SYS_socket, {AF_BLUETOOTH, SOCK_RAW, 0}},
    Attempt{"netlink of packet filters", SYS_socket, {AF_NETLINK, SOCK_RAW, 12}},
    Attempt{"MPTCP", SYS_socket, {AF_INET, SOCK_STREAM, 262}},
    Attempt{"packet filter tables", SYS_setsockopt, {-1, 0, 64}},
    Attempt{"a BPF program on a socket", SYS_setsockopt, {-1, SOL_SOCKET, 50}},
    Attempt{"TIOCLINUX", SYS_ioctl, {-1, 0x541C}},
    Attempt{"TIOCSETD", SYS_ioctl, {-1, 0x5423}},
    Attempt{"a set-gid directory", SYS_mkdir, {0, S_ISGID}},
    Attempt{"a set-uid file", SYS_openat, {-1, 0, O_CREAT, S_ISUID}},
    Attempt{"a device node", SYS_mknodat, {-1, 0, S_IFCHR}},
    Attempt{"changing the memory map's description", SYS_prctl, {PR_SET_MM}},
};

bool is_refusal(int error)
{
    return error == EPERM || error == ENOSYS || error == EACCES || error == EAFNOSUPPORT
           || error == EPROTONOSUPPORT;
}

// With a profile that permits nested sandboxes these are open, except for what clone is asked else.
bool is_namespace_call(Attempt const& attempt)
{
    if (attempt.number == SYS_clone)
        return (attempt.arguments[0] & CLONE_PTRACE) == 0;
    switch (attempt.number) {
    case SYS_mount:
    case SYS_umount2:
    case SYS_pivot_root:
    case SYS_chroot:
    case SYS_open_tree:
    case SYS_move_mount:
    case SYS_fsopen:
    case SYS_mount_setattr:
    case SYS_fsconfig:
    case SYS_fsmount:
    case SYS_fspick:
    case SYS_sethostname:
    case SYS_setdomainname:
    case 467: // open_tree_attr
    case SYS_setns:
    case SYS_unshare: return true;
    default: return false;
    }
}

Result<> prove_calls(Plan const& plan)
{
    if (!plan.debug_allow && (::syscall(SYS_ptrace, -1, 0, 0, 0) == 0 || errno != EPERM))
        return fail(Errc::Denied, "the sandbox is not tight: ptrace was not refused");
    for (auto const& attempt : kAttempts) {
        if (plan.nested_allow && is_namespace_call(attempt))
            continue;
        auto const& a = attempt.arguments;
        errno = 0;
        long const result = ::syscall(attempt.number, a[0], a[1], a[2], a[3], a[4]);
        if (result == -1 && is_refusal(errno))
            continue;
        return fail(Errc::Denied,
            std::string("the sandbox is not tight: ") + attempt.what + " was not refused");
    }
    return {};
}

Result<> prove_files(Plan const& plan)
{
    if (plan.landlock_abi == 0 || plan.nested_allow)
        return {};
    // Mounts would allow this one: only Landlock refuses it.
    int const own = ::open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
    if (own < 0)
        return {};
    ::close(own);
    return fail(Errc::Denied, "the sandbox is not tight: Landlock does not act");
}

Result<> prove_init_is_closed()
{
    for (char const* path : {"/proc/1/environ", "/proc/1/mem", "/proc/1/root", "/proc/1/maps"}) {
        int const file = ::open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            continue;
        ::close(file);
        return fail(Errc::Denied, std::string("the sandbox is not tight: ") + path + " opens");
    }
    return {};
}

} // namespace

Result<> prove_confined(Plan const& plan)
{
    if (sys::has_any_capability())
        return fail(Errc::Denied, "the sandbox is not tight: a capability is left");
    if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return fail(Errc::Denied, "the sandbox is not tight: no_new_privs is off");
    TRY(prove_calls(plan));
    TRY(prove_files(plan));
    return prove_init_is_closed();
}

} // namespace osh::launcher
