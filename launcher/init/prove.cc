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
    Attempt{"changing the memory map's description", SYS_prctl, {PR_SET_MM}},
};

bool is_refusal(int error)
{
    return error == EPERM || error == ENOSYS || error == EACCES || error == EAFNOSUPPORT
           || error == EPROTONOSUPPORT;
}

bool is_namespace_call(long number)
{
    switch (number) {
    case SYS_mount:
    case SYS_umount2:
    case SYS_pivot_root:
    case SYS_chroot:
    case SYS_open_tree:
    case SYS_move_mount:
    case SYS_fsopen:
    case SYS_mount_setattr:
    case SYS_setns:
    case SYS_unshare:
    case SYS_clone: return true;
    default: return false;
    }
}

Result<> prove_calls(Plan const& plan)
{
    for (auto const& attempt : kAttempts) {
        if (plan.nested_allow && is_namespace_call(attempt.number))
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
