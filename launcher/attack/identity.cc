// Borrowing the name of a trusted program: code put into a running one, or a lie about what runs.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

long volatile changed_value = 1;

// A child that waits to be attacked.
class Child
{
public:
    Child() : pid_(::fork())
    {
        if (pid_ == 0)
            for (;;)
                ::pause();
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    ~Child()
    {
        if (pid_ <= 0)
            return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

Tried attach(Targets const&)
{
    Child const child;
    return outcome_of(::ptrace(PTRACE_ATTACH, child.pid(), nullptr, nullptr));
}

Tried write_memory(Targets const&)
{
    Child const child;
    long value = 2;
    iovec const here{&value, sizeof value};
    iovec const there{const_cast<long*>(&changed_value), sizeof value};
    return outcome_of(::syscall(SYS_process_vm_writev, child.pid(), &here, 1, &there, 1, 0));
}

Tried write_proc_memory(Targets const&)
{
    Child const child;
    std::string const path = "/proc/" + std::to_string(child.pid()) + "/mem";
    int const file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return outcome_of(file);
}

Tried take_descriptor(Targets const&)
{
    Child const child;
    auto const pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0));
    if (pidfd < 0)
        return {};
    return outcome_of(::syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

// prctl(2): PR_SET_MM_MAP_SIZE needs no right and shows that the door is there.
Tried change_executable(Targets const&)
{
    unsigned size = 0;
    return outcome_of(::prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0));
}

constexpr std::array kAttempts{
    Attempt{"identity.ptrace", "put code into a running program", attach},
    Attempt{"identity.memory", "write another program's memory", write_memory},
    Attempt{
        "identity.proc-memory", "write another program's memory through /proc", write_proc_memory},
    Attempt{"identity.descriptor", "take another program's connection", take_descriptor},
    Attempt{"identity.executable", "lie about the running program", change_executable},
};

} // namespace

std::span<Attempt const> identity_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
