#include "launcher/sys/signals.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sys/signalfd.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

sigset_t set_of(std::vector<int> const& signals)
{
    sigset_t set;
    ::sigemptyset(&set);
    for (int const signal : signals)
        ::sigaddset(&set, signal);
    return set;
}

} // namespace

Result<Fd> signal_descriptor(std::vector<int> const& signals)
{
    sigset_t const set = set_of(signals);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
        return fail_errno(errno, "sigprocmask");
    Fd fd = Fd::adopt_raw_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.is_open())
        return fail_errno(errno, "signalfd");
    return fd;
}

Result<std::optional<int>> next_signal(Fd const& descriptor)
{
    signalfd_siginfo info{};
    ssize_t count = 0;
    do
        count = ::read(descriptor.raw(), &info, sizeof info);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EAGAIN)
        return std::optional<int>{};
    if (count != static_cast<ssize_t>(sizeof info))
        return fail_errno(errno, "read of a signal");
    return std::optional<int>(static_cast<int>(info.ssi_signo));
}

void ignore_signal(int signal)
{
    std::signal(signal, SIG_IGN);
}

void ignore_all_signals()
{
    for (int signal = 1; signal < NSIG; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            std::signal(signal, SIG_IGN);
}

void reset_signals_in_child()
{
    for (int signal = 1; signal < NSIG; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void stop_own_group(int signal)
{
    sigset_t const set = set_of({signal});
    struct sigaction normal {
    };
    struct sigaction before {
    };
    normal.sa_handler = SIG_DFL;
    if (signal != SIGSTOP)
        ::sigaction(signal, &normal, &before);
    ::kill(0, signal);
    // Unblocked it is delivered before sigprocmask returns; we go on here after SIGCONT.
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    if (signal != SIGSTOP)
        ::sigaction(signal, &before, nullptr);
}

std::string signal_name(int signal)
{
    char const* name = ::sigabbrev_np(signal);
    return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
}

std::optional<int> signal_number(std::string_view name)
{
    if (name.starts_with("SIG"))
        name.remove_prefix(3);
    for (int signal = 1; signal < NSIG; ++signal) {
        char const* abbreviation = ::sigabbrev_np(signal);
        if (name == std::to_string(signal) || (abbreviation != nullptr && name == abbreviation))
            return signal;
    }
    return std::nullopt;
}

} // namespace osh::sys
