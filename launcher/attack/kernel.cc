// The kernel's own doors: namespaces, mounts, dangerous calls and socket families. Each attempt is
// one call; outside, what an ordinary user may do shows that the attempt is a real one.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

Tried new_user_namespace(Targets const&)
{
    return outcome_of(::unshare(CLONE_NEWUSER));
}

Tried new_mount(Targets const&)
{
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return refused_by(errno);
    return outcome_of(::syscall(SYS_mount, "none", "/", nullptr, 0x4C000UL, nullptr));
}

Tried new_network(Targets const&)
{
    return outcome_of(::unshare(CLONE_NEWUSER | CLONE_NEWNET));
}

Tried raise_capabilities(Targets const&)
{
    if (::unshare(CLONE_NEWUSER) != 0)
        return refused_by(errno);
    return outcome_of(::syscall(SYS_chroot, "/"));
}

Tried ring(Targets const&)
{
    std::array<char, 120> parameters{};
    return outcome_of(::syscall(SYS_io_uring_setup, 1, parameters.data()));
}

Tried keyring(Targets const&)
{
    constexpr int kGetKeyringId = 0, kSessionKeyring = -3;
    return outcome_of(::syscall(SYS_keyctl, kGetKeyringId, kSessionKeyring, 1));
}

Tried performance(Targets const&)
{
    perf_event_attr attr{};
    attr.size = sizeof attr;
    attr.type = PERF_TYPE_SOFTWARE;
    attr.exclude_kernel = attr.exclude_hv = 1;
    return outcome_of(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

Tried page_faults(Targets const&)
{
    constexpr int kUserModeOnly = 1;
    return outcome_of(::syscall(SYS_userfaultfd, kUserModeOnly));
}

Tried family(int domain, int type, int protocol)
{
    int const made = ::socket(domain, type | SOCK_CLOEXEC, protocol);
    return outcome_of(made);
}

Tried crypto_socket(Targets const&)
{
    return family(AF_ALG, SOCK_SEQPACKET, 0);
}
Tried machine_socket(Targets const&)
{
    return family(AF_VSOCK, SOCK_STREAM, 0);
}
Tried filter_socket(Targets const&)
{
    constexpr int kNetfilter = 12;
    return family(AF_NETLINK, SOCK_RAW, kNetfilter);
}

// The numbers of the x32 and of the 32-bit calls are other doors to the same kernel.
Tried foreign_calls(Targets const&)
{
    constexpr long kX32GetPid = 0x40000000L + SYS_getpid;
    if (::syscall(kX32GetPid) > 0)
        return worked("x32 calls");
    long result = -ENOSYS;
#ifdef __x86_64__
    constexpr long kGetPid32 = 20;
    asm volatile("int $0x80" : "=a"(result) : "a"(kGetPid32) : "memory", "r8", "r9", "r10", "r11");
#endif
    return result > 0 ? worked("32-bit calls") : refused_by(ENOSYS);
}

Tried personality_tricks(Targets const&)
{
    constexpr unsigned long kReadImpliesExec = 0x0400000;
    return outcome_of(::syscall(SYS_personality, kReadImpliesExec));
}

Tried gain_privileges(Targets const&)
{
    return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0
               ? worked("set-user-ID programs give their rights")
               : refused_by(EPERM);
}

constexpr std::array kAttempts{
    Attempt{"kernel.user-namespace", "make a user namespace, where most kernel holes are",
        new_user_namespace},
    Attempt{"kernel.mount", "change what is mounted", new_mount},
    Attempt{"kernel.network-namespace", "make a network of its own", new_network},
    Attempt{"kernel.capabilities", "get a capability", raise_capabilities},
    Attempt{"kernel.io-uring", "make calls that no filter sees", ring},
    Attempt{"kernel.keyring", "reach the kernel's keyrings", keyring},
    Attempt{"kernel.perf", "watch other programs with performance counters", performance},
    Attempt{"kernel.userfaultfd", "hold the kernel up in the middle of a call", page_faults},
    Attempt{"kernel.af-alg", "open a socket of the crypto interface", crypto_socket},
    Attempt{"kernel.vsock", "open a socket to the machine below", machine_socket},
    Attempt{"kernel.netfilter", "open a socket to the packet filter", filter_socket},
    Attempt{"kernel.foreign-calls", "use the system calls of another architecture", foreign_calls},
    Attempt{"kernel.personality", "make all memory executable", personality_tricks},
    Attempt{"kernel.no-new-privs", "gain rights from a set-user-ID program", gain_privileges},
};

} // namespace

std::span<Attempt const> kernel_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
