#include "netproxy/shell/syscall_filter.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace osh::netproxy::shell
{
namespace
{

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "osh-netproxy has no system call list for this architecture"
#endif

struct Permitted {
    long number;
    char const* reason;
};

// Table: what is permitted whatever its arguments.
constexpr std::array kPermitted{
    Permitted{SYS_read, "tun packets, memfds that come with a message"},
    Permitted{SYS_fstat, "their size, so that they are read in one piece"},
    Permitted{SYS_write, "one line on stderr before the end"},
    Permitted{SYS_writev, "tun packets; c-ares over TCP"},
    Permitted{SYS_recvfrom, "upstream sockets, DNS answers"},
    Permitted{SYS_sendto, "upstream sockets, DNS queries"},
    Permitted{SYS_recvmsg, "channels to supervisor and init"},
    Permitted{SYS_sendmsg, "the same"},
    Permitted{SYS_connect, "upstreams; the address class is checked beside the call"},
    Permitted{SYS_getsockopt, "outcome of a connect"},
    Permitted{SYS_setsockopt, "no Nagle, keep-alive, reset on close"},
    Permitted{SYS_getsockname, "c-ares"},
    Permitted{SYS_getpeername, "c-ares; is a connection there at once"},
    Permitted{SYS_shutdown, "half-close"},
    Permitted{SYS_close, "sockets and memfds"},
    Permitted{SYS_fcntl, "non-blocking mode of c-ares' sockets"},
    Permitted{SYS_epoll_ctl, "the loop"},
#ifdef SYS_epoll_wait
    Permitted{SYS_epoll_wait, "the loop"},
#endif
    Permitted{SYS_epoll_pwait, "the loop"},
    Permitted{SYS_munmap, "memory"},
    Permitted{SYS_mremap, "memory"},
    Permitted{SYS_madvise, "memory; secrets stay out of dumps"},
    Permitted{SYS_brk, "memory"},
    Permitted{SYS_mlock, "secrets stay out of swap"},
    Permitted{SYS_munlock, "the same"},
    Permitted{SYS_futex, "C++ runtime"},
    Permitted{SYS_clock_gettime, "where the vDSO has no clock"},
    Permitted{SYS_gettimeofday, "c-ares, where the vDSO has no clock"},
#ifdef SYS_time
    Permitted{SYS_time, "certificates' validity, where the vDSO has no clock"},
#endif
    Permitted{SYS_getrandom, "TLS, DNS query identifiers"},
    Permitted{SYS_rt_sigreturn, "signal handlers"},
    Permitted{SYS_rt_sigprocmask, "abort(3)"},
    Permitted{SYS_rt_sigaction, "abort(3)"},
    Permitted{SYS_tgkill, "abort(3)"},
    Permitted{SYS_getpid, "abort(3)"},
    Permitted{SYS_gettid, "abort(3)"},
    Permitted{SYS_exit, "the end"},
    Permitted{SYS_exit_group, "the end"},
    Permitted{SYS_restart_syscall, "after SIGSTOP and SIGCONT"},
    Permitted{SYS_sched_yield, "C++ runtime"},
};

constexpr std::uint32_t low_half_of_argument(unsigned index)
{
    return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + index * 8u);
}

class Program
{
public:
    void load(std::size_t offset)
    {
        add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    }
    void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }
    // Goes on with the next instruction if equal, else jumps over `skip` of them.
    void if_equal(std::uint32_t value, std::uint8_t skip)
    {
        add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
    }
    void if_no_bit(std::uint32_t bits, std::uint8_t skip)
    {
        add(BPF_JMP | BPF_JSET | BPF_K, bits, skip, 0);
    }
    std::vector<std::byte> bytes() const
    {
        std::vector<std::byte> result(instructions_.size() * sizeof(sock_filter));
        std::memcpy(result.data(), instructions_.data(), result.size());
        return result;
    }

private:
    void add(int code, std::uint32_t k, std::uint8_t yes = 0, std::uint8_t no = 0)
    {
        instructions_.push_back({static_cast<std::uint16_t>(code), yes, no, k});
    }
    std::vector<sock_filter> instructions_;
};

// AddressSanitizer's runtime calls what it likes (and asks the process for its own memory map): a
// test build with it leaves this one layer open. Everything that is installed for people is built
// without.
#ifdef __SANITIZE_ADDRESS__
constexpr std::uint32_t kOtherwise = SECCOMP_RET_ALLOW;
#else
constexpr std::uint32_t kOtherwise = SECCOMP_RET_KILL_PROCESS;
#endif

// Memory that can be written and then executed is what an intruder needs first.
void permit_without_exec(Program& program, long number)
{
    program.if_equal(static_cast<std::uint32_t>(number), 4);
    program.load(low_half_of_argument(2));
    program.if_no_bit(PROT_EXEC, 1);
    program.answer(SECCOMP_RET_ALLOW);
    program.answer(SECCOMP_RET_KILL_PROCESS);
}

// fstat(3) of newer C libraries: of an open descriptor, never of a path.
void permit_status_of_descriptors(Program& program)
{
    program.if_equal(SYS_newfstatat, 4);
    program.load(low_half_of_argument(3));
    program.if_no_bit(AT_EMPTY_PATH, 1);
    program.answer(SECCOMP_RET_KILL_PROCESS);
    program.answer(SECCOMP_RET_ALLOW);
}

void permit_internet_sockets(Program& program)
{
    program.if_equal(SYS_socket, 6);
    program.load(low_half_of_argument(0));
    program.if_equal(AF_INET, 1);
    program.answer(SECCOMP_RET_ALLOW);
    program.if_equal(AF_INET6, 1);
    program.answer(SECCOMP_RET_ALLOW);
    program.answer(SECCOMP_RET_KILL_PROCESS);
}

} // namespace

std::vector<std::byte> syscall_filter()
{
    Program program;
    program.load(offsetof(seccomp_data, arch));
    program.if_equal(kArchitecture, 1);
    program.load(offsetof(seccomp_data, nr));
    // Reached with the number loaded, or with a foreign architecture, which equals no number below
    // that is permitted: x32 numbers carry bit 30, and the architecture word has high bits set.
    for (auto const& one : kPermitted) {
        program.if_equal(static_cast<std::uint32_t>(one.number), 1);
        program.answer(SECCOMP_RET_ALLOW);
    }
    permit_without_exec(program, SYS_mmap);
    permit_without_exec(program, SYS_mprotect);
    permit_status_of_descriptors(program);
    permit_internet_sockets(program);
    program.answer(kOtherwise);
    return program.bytes();
}

} // namespace osh::netproxy::shell
