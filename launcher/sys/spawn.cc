#include "launcher/sys/spawn.h"

#include "launcher/sys/signals.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

// waitid(2): P_PIDFD is missing in older headers.
constexpr auto kPidfd = static_cast<idtype_t>(3);
// Milliseconds. SIGKILL is obeyed at once but by a process that waits for a device that does not
// answer; osh does not wait with it.
constexpr int kReapPatience = 5000;
constexpr int kTracerPatience = 1000; // milliseconds

void close_from_in_child(unsigned first)
{
    ::syscall(SYS_close_range, first, ~0u, 0u);
}

// PR_SET_PDEATHSIG races with the parent's end: whoever was adopted meanwhile ends at once.
void die_with_parent_in_child(pid_t parent)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
        ::_exit(127);
}

struct ExecWords {
    char const* path;
    char* const* argv;
    char* const* envp;
    int channel, errors;
    pid_t parent;
};

[[noreturn]] void exec_in_child(ExecWords const& words)
{
    die_with_parent_in_child(words.parent);
    ::setsid();
    reset_signals_in_child();
    int const nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    // Moved out of the way first: the listed numbers may be among 0 to 3.
    int const channel = ::fcntl(words.channel, F_DUPFD, 10);
    int const errors = ::fcntl(words.errors, F_DUPFD, 10);
    if (nothing < 0 || channel < 0 || errors < 0)
        ::_exit(127);
    if (::dup2(nothing, 0) < 0 || ::dup2(nothing, 1) < 0 || ::dup2(errors, 2) < 0
        || ::dup2(channel, kHelperChannel) < 0)
        ::_exit(127);
    close_from_in_child(kHelperChannel + 1);
    ::execve(words.path, words.argv, words.envp);
    ::_exit(127);
}

std::vector<char*> pointers_to(std::vector<std::string>& words)
{
    std::vector<char*> pointers;
    for (auto& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

Result<Fd> pidfd_of(pid_t pid)
{
    Fd pidfd = Fd::adopt_raw_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd.is_open())
        return pidfd;
    int const why = errno;
    ::kill(pid, SIGKILL);
    return fail_errno(why, "pidfd_open");
}

} // namespace

Result<HelperProcess> start_helper(HelperStart start)
{
    auto const argv = pointers_to(start.arguments);
    auto const envp = pointers_to(start.environment);
    ExecWords const words{start.path.c_str(), argv.data(), envp.data(), start.channel.raw(),
        start.errors.raw(), ::getpid()};
    pid_t const pid = ::fork();
    if (pid < 0)
        return fail_errno(errno, "cannot start " + start.path + ": fork");
    if (pid == 0)
        exec_in_child(words);
    LET(pidfd, pidfd_of(pid));
    return HelperProcess{std::move(pidfd), pid};
}

Result<WaitStatus> reap(Fd const& pidfd)
{
    pollfd ended{pidfd.raw(), POLLIN, 0};
    int count = 0;
    do
        count = ::poll(&ended, 1, kReapPatience);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        return fail(Errc::Busy, "a process does not end");
    if (count < 0)
        return fail_errno(errno, "poll");
    siginfo_t info{};
    // ptrace(2): a tracer learns of the end first; its child's parent a moment later.
    for (int i = 0; i < kTracerPatience && info.si_pid == 0; ++i) {
        if (i > 0)
            ::poll(nullptr, 0, 1);
        if (::waitid(kPidfd, static_cast<id_t>(pidfd.raw()), &info, WEXITED | WNOHANG) != 0)
            return fail_errno(errno, "waitid");
    }
    return WaitStatus{info.si_code != CLD_EXITED, info.si_status};
}

bool continue_if_stopped(Fd const& pidfd)
{
    siginfo_t info{};
    info.si_pid = 0;
    bool const is_stopped =
        pidfd.is_open()
        && ::waitid(kPidfd, static_cast<id_t>(pidfd.raw()), &info, WSTOPPED | WNOHANG) == 0
        && info.si_pid != 0;
    if (is_stopped)
        kill_process(pidfd, SIGCONT);
    return is_stopped;
}

void kill_process(Fd const& pidfd, int signal)
{
    if (pidfd.is_open())
        ::syscall(SYS_pidfd_send_signal, pidfd.raw(), signal, nullptr, 0);
}

Result<Pipe> make_pipe()
{
    std::array<int, 2> raw{};
    if (::pipe2(raw.data(), O_CLOEXEC) != 0)
        return fail_errno(errno, "pipe2");
    return Pipe{Fd::adopt_raw_fd(raw[0]), Fd::adopt_raw_fd(raw[1])};
}

} // namespace osh::sys
