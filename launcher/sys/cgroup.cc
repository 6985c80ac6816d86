#include "launcher/sys/cgroup.h"

#include "launcher/sys/io.h"
#include "launcher/sys/process.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/standard_streams.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace osh::sys
{
namespace
{

constexpr int kRemoveTries = 500;
constexpr int kMostStatus = 255;           // wait(2); an errno is smaller
constexpr long kBetweenTries = 20'000'000; // nanoseconds

// What the remover needs, made before the fork: it allocates nothing.
struct RemoverWork {
    int alive;
    std::vector<int> const& bases;
    char const* name;
};

bool remove_all(RemoverWork const& work)
{
    bool is_gone = true;
    for (int base : work.bases)
        if (::unlinkat(base, work.name, AT_REMOVEDIR) != 0 && errno == EBUSY)
            is_gone = false; // the last processes are on their way out
    return is_gone;
}

[[noreturn]] void remove_in_child(RemoverWork const& work)
{
    // A second fork: the remover is nobody's child to wait for, and its session is its own.
    if (pid_t const second = ::fork(); second != 0)
        ::_exit(second < 0 ? 1 : 0);
    ::setsid();
    for (int signal = 1; signal < 32; ++signal)
        ::signal(signal, SIG_IGN);
    ::prctl(PR_SET_NAME, "osh-janitor");
    for (int standard = 0; standard <= 2; ++standard)
        ::close(standard);
    char byte = 0;
    while (::read(work.alive, &byte, 1) > 0 || errno == EINTR)
        errno = 0;
    timespec const pause{0, kBetweenTries};
    for (int tries = 0; tries < kRemoveTries && !remove_all(work); ++tries)
        ::nanosleep(&pause, nullptr);
    ::_exit(0);
}

int lowest_kept_from(RemoverWork const& work, int first)
{
    int lowest = work.alive >= first ? work.alive : -1;
    for (int base : work.bases)
        if (base >= first && (lowest < 0 || base < lowest))
            lowest = base;
    return lowest;
}

// Only these descriptors stay open in the remover; the rest is close-on-exec and it never execs, so
// the gaps between them are closed. False: one may be the other end of `alive`, which would keep it
// waiting for ever.
bool close_others_in_child(RemoverWork const& work)
{
    bool is_done = true;
    int first = STDERR_FILENO + 1;
    for (int kept = lowest_kept_from(work, first); kept >= 0;
         kept = lowest_kept_from(work, first)) {
        if (kept > first)
            is_done = ::syscall(SYS_close_range, first, kept - 1, 0u) == 0 && is_done;
        first = kept + 1;
    }
    return ::syscall(SYS_close_range, first, ~0u, 0u) == 0 && is_done;
}

// In the child; 0 or an errno.
int move_into(std::vector<Fd> const& folders, std::int32_t pid)
{
    auto const text = std::to_string(pid);
    for (auto const& folder : folders) {
        auto const file = open_in(folder, "cgroup.procs", O_WRONLY);
        auto const done =
            file.ok() ? write_all(*file, text) : Result<>(std::unexpected(file.error()));
        if (!done.ok())
            return done.error().sys_errno == 0 ? EIO : done.error().sys_errno;
    }
    return 0;
}

Result<Fd> start_remover(std::vector<int> const& bases, std::string const& name)
{
    LET(alive, make_pipe());
    RemoverWork const work{alive.read.raw(), bases, name.c_str()};
    pid_t const pid = ::fork();
    if (pid < 0)
        return fail_errno(errno, "fork");
    if (pid == 0) {
        if (!close_others_in_child(work))
            ::_exit(1);
        remove_in_child(work);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0)
        return fail(Errc::System, "the process that removes the control group did not start");
    return std::move(alive.write);
}

} // namespace

bool may_write(std::string const& path)
{
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

Result<ControlGroup> ControlGroup::make(std::vector<std::string> const& bases,
    std::string const& name, std::vector<GroupSetting> const& settings)
{
    ControlGroup group;
    std::vector<Fd> parents;
    std::vector<int> raw;
    for (auto const& base : bases) {
        LET(parent, open_path(base, O_RDONLY | O_DIRECTORY));
        raw.push_back(parent.raw());
        parents.push_back(std::move(parent));
    }
    LET(alive, start_remover(raw, name)); // before the first directory is made
    group.alive_ = std::move(alive);
    for (std::size_t i = 0; i < bases.size(); ++i) {
        if (::mkdirat(parents[i].raw(), name.c_str(), 0755) != 0)
            return fail_errno(errno, "cannot make a control group below " + bases[i]);
        LET(folder, open_in(parents[i], name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        for (auto const& setting : settings) {
            if (setting.base != bases[i])
                continue;
            auto const file = open_in(folder, setting.file.c_str(), O_WRONLY);
            auto const done = file.ok() ? write_all(*file, setting.value)
                                        : Result<>(std::unexpected(file.error()));
            if (!done.ok() && !setting.optional)
                return fail_because("control group: " + setting.file, done.error());
        }
        group.folders_.push_back(std::move(folder));
    }
    return group;
}

Result<> ControlGroup::begin_adoption(std::int32_t pid)
{
    if (folders_.empty())
        return {};
    auto child = clone_process({}, [&] {
        int const error = die_with_parent().ok() ? move_into(folders_, pid) : EPERM;
        return std::clamp(error, 0, kMostStatus);
    });
    if (!child.ok())
        return fail_because("cannot enter the control group", std::move(child).error());
    adopter_ = std::move(child->pidfd);
    return {};
}

Result<> ControlGroup::await_adoption()
{
    if (!adopter_.is_open())
        return {};
    Fd const adopter = std::move(adopter_);
    LET(status, reap(adopter));
    if (status.by_signal)
        return fail(Errc::Closed, "cannot enter the control group: the child that does it ended");
    return status.value == 0 ? Result<>()
                             : fail_errno(status.value, "cannot enter the control group");
}

ControlGroup& ControlGroup::operator=(ControlGroup&& other) noexcept
{
    std::swap(folders_, other.folders_);
    std::swap(adopter_, other.adopter_);
    std::swap(alive_, other.alive_);
    return *this;
}

ControlGroup::~ControlGroup()
{
    (void)await_adoption().ok(); // no zombie
}

} // namespace osh::sys
