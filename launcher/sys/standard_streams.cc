#include "launcher/sys/standard_streams.h"

#include "launcher/sys/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::sys
{

Result<> set_standard_streams(Fd const& in, Fd const& out, Fd const& err)
{
    // Copies above 2 first: a source may itself be numbered 0, 1 or 2.
    std::array<Fd, 3> copies;
    std::array<Fd const*, 3> const wanted{&in, &out, &err};
    for (std::size_t i = 0; i < copies.size(); ++i) {
        copies[i] = Fd::adopt_raw_fd(::fcntl(wanted[i]->raw(), F_DUPFD_CLOEXEC, 3));
        if (!copies[i].is_open())
            return fail_errno(errno, "cannot copy a standard stream");
    }
    for (std::size_t i = 0; i < copies.size(); ++i)
        if (::dup2(copies[i].raw(), static_cast<int>(i)) < 0)
            return fail_errno(errno, "cannot place a standard stream");
    return mark_cloexec_from(3);
}

Result<> change_directory(std::string const& path)
{
    if (::chdir(path.c_str()) != 0)
        return fail_errno(errno, "cannot enter " + path);
    return {};
}

Result<> new_process_group()
{
    if (::setpgid(0, 0) != 0)
        return fail_errno(errno, "setpgid");
    return {};
}

void reset_signals()
{
    // Handlers do not survive an exec; only what is ignored would be inherited.
    for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD, SIGCONT,
             SIGTSTP, SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH, SIGURG, SIGXFSZ})
        ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<Fd> open_in(Fd const& base, char const* name, int flags)
{
    Fd fd = Fd::adopt_raw_fd(::openat(base.raw(), name, flags | O_CLOEXEC));
    if (!fd.is_open())
        return fail_errno(errno, std::string("cannot open ") + name);
    return fd;
}

Result<> place_descriptor(Fd const& fd, int number)
{
    // dup2(2) onto itself would leave close-on-exec set.
    int const done = fd.raw() == number ? ::fcntl(number, F_SETFD, 0) : ::dup2(fd.raw(), number);
    if (done < 0)
        return fail_errno(errno, "cannot place a descriptor");
    return {};
}

Result<> make_private_directory(std::string const& path)
{
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail_errno(errno, "cannot make the directory " + path);
    return {};
}

Result<Fd> duplicate(Fd const& fd, int lowest)
{
    Fd copy = Fd::adopt_raw_fd(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, lowest));
    if (!copy.is_open())
        return fail_errno(errno, "dup");
    return copy;
}

} // namespace osh::sys
