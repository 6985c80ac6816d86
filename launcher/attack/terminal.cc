// Typing into terminals.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

// On a terminal of its own, so that nothing is typed anywhere.
Tried type_ahead(Targets const&)
{
    int const master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0)
        return {};
    std::array<char, 64> name{};
    if (::ptsname_r(master, name.data(), name.size()) != 0 || ::setsid() < 0)
        return {};
    int const slave = ::open(name.data(), O_RDWR | O_CLOEXEC);
    if (slave < 0 || ::ioctl(slave, TIOCSCTTY, 0) != 0)
        return {};
    char const letter = 'x';
    return outcome_of(::ioctl(slave, TIOCSTI, &letter));
}

Tried line_discipline(Targets const&)
{
    int const master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0)
        return {};
    int const same = 0; // N_TTY: the one that is set already
    return outcome_of(::ioctl(master, TIOCSETD, &same));
}

constexpr std::array kAttempts{
    Attempt{"tty.type", "type into the terminal as if the person did", type_ahead},
    Attempt{"tty.discipline", "load kernel code behind a terminal", line_discipline},
};

} // namespace

std::span<Attempt const> terminal_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
