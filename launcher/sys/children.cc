#include "launcher/sys/children.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::sys
{

Result<Fd> watch_children()
{
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
        return fail_errno(errno, "sigprocmask");
    Fd signals = Fd::adopt_raw_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals.is_open())
        return fail_errno(errno, "signalfd");
    return signals;
}

void drain_signals(Fd const& signals)
{
    signalfd_siginfo info{};
    while (::read(signals.raw(), &info, sizeof info) > 0) {
    }
}

std::optional<ChildChange> next_child_change()
{
    int status = 0;
    pid_t const pid = ::waitpid(-1, &status, WNOHANG | WUNTRACED);
    if (pid <= 0)
        return std::nullopt;
    if (WIFSTOPPED(status))
        return ChildChange{ChildChange::Kind::Stopped, pid, WSTOPSIG(status)};
    if (WIFSIGNALED(status))
        return ChildChange{ChildChange::Kind::Killed, pid, WTERMSIG(status)};
    return ChildChange{ChildChange::Kind::Exited, pid, WEXITSTATUS(status)};
}

void signal_group(std::int32_t group, int number)
{
    if (group > 1 && number > 0 && number < NSIG)
        ::kill(-group, number);
}

Result<std::array<bool, kWaitSlots>> wait_readable(std::array<Fd const*, kWaitSlots> descriptors)
{
    std::array<pollfd, kWaitSlots> polled{};
    for (std::size_t i = 0; i < kWaitSlots; ++i)
        polled[i] = {descriptors[i] != nullptr ? descriptors[i]->raw() : -1, POLLIN, 0};
    int count = 0;
    do
        count = ::poll(polled.data(), polled.size(), -1);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail_errno(errno, "poll");
    std::array<bool, kWaitSlots> ready{};
    for (std::size_t i = 0; i < kWaitSlots; ++i)
        ready[i] = polled[i].revents != 0;
    return ready;
}

} // namespace osh::sys
