// pty(7), ioctl_tty(2).

#include "launcher/sys/pty.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace osh::sys
{

Result<PtyPair> open_pty(Fd const& devpts)
{
    PtyPair pair;
    int const flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
    pair.master = Fd::adopt_raw_fd(::openat(devpts.raw(), "ptmx", flags));
    if (!pair.master.is_open())
        return fail_errno(errno, "cannot open a pty");
    int const unlocked = 0;
    if (::ioctl(pair.master.raw(), TIOCSPTLCK, &unlocked) != 0)
        return fail_errno(errno, "cannot unlock a pty");
    pair.slave = Fd::adopt_raw_fd(::ioctl(pair.master.raw(), TIOCGPTPEER, flags));
    if (!pair.slave.is_open())
        return fail_errno(errno, "cannot open the inner side of a pty");
    return pair;
}

Result<> set_window_size(Fd const& terminal, std::uint16_t rows, std::uint16_t columns)
{
    winsize const size{rows, columns, 0, 0};
    if (::ioctl(terminal.raw(), TIOCSWINSZ, &size) != 0)
        return fail_errno(errno, "cannot set the window size");
    return {};
}

Result<> start_session()
{
    if (::setsid() < 0)
        return fail_errno(errno, "setsid");
    return {};
}

Result<> take_terminal(Fd const& slave)
{
    if (::ioctl(slave.raw(), TIOCSCTTY, 0) != 0)
        return fail_errno(errno, "cannot take the terminal");
    return {};
}

Result<> put_in_foreground(Fd const& slave, std::int32_t group)
{
    pid_t const wanted = group == 0 ? ::getpgrp() : group;
    // tcsetpgrp(3) from a background group sends SIGTTOU unless it is blocked.
    sigset_t blocked, before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTTOU);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    int const result = ::ioctl(slave.raw(), TIOCSPGRP, &wanted);
    int const failure = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (result != 0)
        return fail_errno(failure, "cannot put the agent in the foreground");
    return {};
}

Result<std::int32_t> foreground_group(Fd const& terminal)
{
    pid_t group = 0;
    if (::ioctl(terminal.raw(), TIOCGPGRP, &group) != 0)
        return fail_errno(errno, "cannot ask for the foreground group");
    return group;
}

} // namespace osh::sys
