#include "launcher/sys/terminal.h"

#include "launcher/sys/terminal_modes.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/magic.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kFirstOwn = 10; // own copies stay clear of the low numbers that helpers get

bool is_null_device(struct stat const& status)
{
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

bool is_anonymous_pipe(int raw, struct stat const& status)
{
    // Only an anonymous pipe lives in pipefs; a named FIFO could be reached again by its name.
    struct statfs system {
    };
    return S_ISFIFO(status.st_mode) && ::fstatfs(raw, &system) == 0
           && system.f_type == PIPEFS_MAGIC;
}

} // namespace

StreamFacts stream_facts(int standard)
{
    struct stat status {
    };
    if (::fstat(standard, &status) != 0)
        return {};
    StreamFacts facts{StreamKind::Other, status.st_dev, status.st_ino};
    if (::isatty(standard) == 1)
        facts.kind = StreamKind::Terminal;
    else if (is_null_device(status))
        facts.kind = StreamKind::Null;
    else if (is_anonymous_pipe(standard, status))
        facts.kind = StreamKind::AnonymousPipe;
    return facts;
}

Result<Fd> own_stream(int standard, StreamKind kind)
{
    if (kind == StreamKind::Terminal) {
        std::string const path = "/proc/self/fd/" + std::to_string(standard);
        int const raw = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (raw >= 0)
            return Fd::adopt_raw_fd(raw);
    }
    Fd copy = Fd::adopt_raw_fd(::fcntl(standard, F_DUPFD_CLOEXEC, kFirstOwn));
    if (!copy.is_open())
        return fail_errno(errno, "cannot copy a standard descriptor");
    return copy;
}

Result<> fill_standard_streams()
{
    for (int standard = 0; standard < 3; ++standard) {
        if (::fcntl(standard, F_GETFD) >= 0)
            continue;
        // open(2) takes the lowest free number, which is this one.
        int const raw = ::open("/dev/null", standard == 0 ? O_RDONLY : O_WRONLY);
        if (raw != standard)
            return fail_errno(errno, "cannot open /dev/null for a closed standard descriptor");
    }
    return {};
}

WindowSize window_size(Fd const& terminal)
{
    winsize size{};
    if (::ioctl(terminal.raw(), TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return {};
    return {size.ws_row, size.ws_col};
}

void set_window_size(Fd const& terminal, WindowSize size)
{
    winsize const wanted{size.rows, size.columns, 0, 0};
    ::ioctl(terminal.raw(), TIOCSWINSZ, &wanted);
}

bool is_foreground(Fd const& terminal)
{
    return ::tcgetpgrp(terminal.raw()) == ::getpgrp();
}

RawMode::RawMode(std::unique_ptr<Modes> modes) : modes_(std::move(modes)) {}
RawMode::RawMode(RawMode&&) noexcept = default;

RawMode& RawMode::operator=(RawMode&& other) noexcept
{
    restore();
    modes_ = std::move(other.modes_);
    return *this;
}

RawMode::~RawMode()
{
    restore();
}

Result<RawMode> RawMode::prepare(Fd const& terminal)
{
    auto modes = std::make_unique<Modes>();
    modes->terminal = Fd::adopt_raw_fd(::fcntl(terminal.raw(), F_DUPFD_CLOEXEC, kFirstOwn));
    if (!modes->terminal.is_open() || ::tcgetattr(terminal.raw(), &modes->before) != 0)
        return fail_errno(errno, "cannot read the terminal's modes");
    modes->raw = modes->before;
    ::cfmakeraw(&modes->raw);
    modes->raw.c_cc[VMIN] = 1;
    modes->raw.c_cc[VTIME] = 0;
    return RawMode(std::move(modes));
}

Result<> RawMode::set()
{
    int outcome = 0;
    do
        outcome = ::tcsetattr(modes_->terminal.raw(), TCSADRAIN, &modes_->raw);
    while (outcome != 0 && errno == EINTR);
    if (outcome != 0)
        return fail_errno(errno, "cannot make the terminal raw");
    modes_->is_set = true;
    return {};
}

void RawMode::restore()
{
    if (!modes_ || !modes_->is_set)
        return;
    // From the background tcsetattr would stop us (SIGTTOU); blocked, it just works (tcsetattr(3)).
    sigset_t set, before;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGTTOU);
    ::sigprocmask(SIG_BLOCK, &set, &before);
    ::tcsetattr(modes_->terminal.raw(), TCSADRAIN, &modes_->before);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    modes_.reset();
}

void copy_modes(Fd const& from, Fd const& to, Echo echo)
{
    termios modes{};
    if (::tcgetattr(from.raw(), &modes) != 0)
        return;
    if (echo == Echo::Off)
        modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(to.raw(), TCSANOW, &modes);
}

Result<Fd> duplicate(Fd const& fd)
{
    Fd copy = Fd::adopt_raw_fd(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, kFirstOwn));
    if (!copy.is_open())
        return fail_errno(errno, "cannot duplicate a descriptor");
    return copy;
}

} // namespace osh::sys
