#include "launcher/sys/cgroup.h"

#include "launcher/sys/io.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/standard_streams.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kRemoveTries = 500;
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
    if (::fork() != 0)
        ::_exit(0);
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
// the gaps between them are closed.
void close_others_in_child(RemoverWork const& work)
{
    int first = STDERR_FILENO + 1;
    for (int kept = lowest_kept_from(work, first); kept >= 0;
         kept = lowest_kept_from(work, first)) {
        if (kept > first)
            ::syscall(SYS_close_range, first, kept - 1, 0u);
        first = kept + 1;
    }
    ::syscall(SYS_close_range, first, ~0u, 0u);
}

Result<Fd> start_remover(std::vector<int> const& bases, std::string const& name)
{
    LET(alive, make_pipe());
    RemoverWork const work{alive.read.raw(), bases, name.c_str()};
    pid_t const pid = ::fork();
    if (pid < 0)
        return fail_errno(errno, "fork");
    if (pid == 0) {
        close_others_in_child(work);
        remove_in_child(work);
    }
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
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

Result<> ControlGroup::adopt(std::int32_t pid)
{
    for (auto const& folder : folders_) {
        LET(file, open_in(folder, "cgroup.procs", O_WRONLY));
        auto done = write_all(file, std::to_string(pid));
        if (!done.ok())
            return fail_because("cannot enter the control group", std::move(done).error());
    }
    return {};
}

} // namespace osh::sys
