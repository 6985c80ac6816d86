// fork(2), pipe(7): the reading end sees the end of file when the last writer is gone, SIGKILL or
// not. tcsetattr(3): a process of another session may set modes without being stopped.

#include "launcher/sys/janitor.h"

#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/process.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/terminal_modes.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kJanitorPatience = 3000; // milliseconds; it needs less than one

constexpr int kLockPause = 5, kLockTries = 400; // milliseconds; two seconds in all

constexpr int kAlive = 0, kFolder = 1, kTerminal = 2; // its only descriptors

// Mouse, focus, paste and keyboard modes off, cursor on, normal screen, plain style: what a shell
// cannot live with. Only after a SIGKILL; else the relay knows exactly what to undo.
constexpr std::string_view kCalmScreen =
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l"
    "\x1b[?1047l\x1b[?25h\x1b[?1l\x1b>\x1b[0m";

// One write, shorter than PIPE_BUF: never torn.
struct Record {
    bool is_raw = false;
    termios before{}, raw{};
};

struct Work {
    int alive, folder, terminal;
    char const* name;
    char const* unfinished;
    char const* file;
    Bytes filter;
};

bool same_modes(termios const& one, termios const& other)
{
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag
           && one.c_lflag == other.c_lflag;
}

void restore_terminal_in_child(Record const& last)
{
    termios now{};
    bool const is_ours =
        last.is_raw && ::tcgetattr(kTerminal, &now) == 0 && same_modes(now, last.raw);
    if (!is_ours)
        return;
    ::tcsetattr(kTerminal, TCSANOW, &last.before);
    // Not blocking: a stopped terminal (Ctrl-S) takes nothing, and then there is nothing to calm.
    [[maybe_unused]] auto const written =
        ::write(kTerminal, kCalmScreen.data(), kCalmScreen.size());
}

// The lock is free when the last copy of the descriptor is: a helper that was being started is a
// moment behind osh. One that stays locked belongs to another session of the same name.
bool lock_in_child(int folder)
{
    for (int i = 0; i < kLockTries; ++i) {
        if (::flock(folder, LOCK_EX | LOCK_NB) == 0)
            return true;
        ::poll(nullptr, 0, kLockPause);
    }
    return false;
}

void remove_unlocked_in_child(char const* name, char const* file)
{
    int const inner = ::openat(kFolder, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0 || !lock_in_child(inner))
        return;
    ::unlinkat(inner, file, 0);
    ::unlinkat(kFolder, name, AT_REMOVEDIR);
}

bool confine_in_child(Bytes filter)
{
    return give_up_capabilities_but({}).ok() && forbid_new_privileges().ok()
           && become_undumpable().ok() && install_filter(filter).ok();
}

[[noreturn]] void clean_in_child(Work const& work)
{
    ::setsid(); // every signal is blocked since before the fork
    bool const is_placed = ::dup2(work.alive, kAlive) >= 0 && ::dup2(work.folder, kFolder) >= 0
                           && (work.terminal < 0 || ::dup2(work.terminal, kTerminal) >= 0);
    if (!is_placed)
        ::_exit(1);
    // One may be the other end of kAlive, which would keep it waiting for ever.
    long const failed =
        ::syscall(SYS_close_range, work.terminal < 0 ? kTerminal : kTerminal + 1, ~0u, 0u);
    ::prctl(PR_SET_NAME, "osh-janitor");
    if (failed != 0 || !confine_in_child(work.filter))
        ::_exit(1);
    Record last, heard;
    for (;;) {
        errno = 0;
        ssize_t const count = ::read(kAlive, &heard, sizeof heard);
        if (count == static_cast<ssize_t>(sizeof heard))
            last = heard;
        else if (count >= 0 || errno != EINTR)
            break;
    }
    restore_terminal_in_child(last);
    remove_unlocked_in_child(work.name, work.file);
    remove_unlocked_in_child(work.unfinished, work.file);
    ::_exit(0);
}

// A description of its own: that it does not block must not be felt by others.
Fd terminal_of_ours()
{
    for (int standard = 0; standard < 3; ++standard) {
        if (stream_facts(standard).kind != StreamKind::Terminal)
            continue;
        auto own = own_stream(standard, StreamKind::Terminal);
        return own.ok() ? *std::move(own) : Fd();
    }
    return {};
}

void send(Fd const& alive, Record const& record)
{
    // Full only when the janitor was stopped by somebody; osh does not wait for it.
    [[maybe_unused]] auto const written = ::write(alive.raw(), &record, sizeof record);
}

} // namespace

Result<Janitor> Janitor::start(JanitorTask const& task)
{
    LET(alive, make_pipe());
    Fd const terminal = terminal_of_ours();
    std::string const unfinished = unfinished_name(task.name);
    Work const work{alive.read.raw(), task.parent.raw(), terminal.raw(), task.name.c_str(),
        unfinished.c_str(), task.file.c_str(), task.filter};
    TRY(set_nonblocking(alive.write));
    // Blocked before, so that the hang-up that comes with osh's own end finds no gap.
    sigset_t all, before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    pid_t const pid = ::fork();
    int const error = errno;
    if (pid == 0)
        clean_in_child(work);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid < 0)
        return fail_errno(error, "fork");
    Janitor janitor;
    janitor.alive_ = std::move(alive.write);
    // Without one (no descriptor left) it ends all the same, when the pipe does.
    janitor.pidfd_ = Fd::adopt_raw_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    return janitor;
}

Janitor& Janitor::operator=(Janitor&& other) noexcept
{
    end();
    alive_ = std::move(other.alive_);
    pidfd_ = std::move(other.pidfd_);
    return *this;
}

Janitor::~Janitor()
{
    end();
}

void Janitor::end()
{
    alive_.reset();
    if (!pidfd_.is_open())
        return;
    pollfd ended{pidfd_.raw(), POLLIN, 0};
    int count = 0;
    do
        count = ::poll(&ended, 1, kJanitorPatience);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        kill_process(pidfd_, SIGKILL);
    (void)reap(pidfd_).ok();
    pidfd_.reset();
}

void Janitor::guard(RawMode const& mode)
{
    if (alive_.is_open())
        send(alive_, {true, mode.modes().before, mode.modes().raw});
}

void Janitor::release()
{
    if (alive_.is_open())
        send(alive_, {});
}

} // namespace osh::sys
