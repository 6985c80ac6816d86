#pragma once
// Who makes a call: where its paths begin, its umask, its terminal. Everything is read from the
// procfs of the sandbox while the caller waits; that it still waits is asked afterwards
// (seccomp_unotify(2)), else a recycled thread number could have answered for it.

#include "launcher/sys/entry_calls.h"
#include "policy/base/time.h"

#include <cstdint>
#include <unordered_map>

namespace osh::launcher
{

// What /proc tells of the threads seen so far. Their status files stay open: a file of a thread
// that has ended reads as nothing, also when its number is used again. The umask is remembered,
// because reading it costs as much as half a call; umask(2) is told to us before it happens.
class CallerStatus
{
public:
    std::string read(sys::Fd const& proc, std::int32_t thread);
    unsigned umask(sys::Fd const& proc, std::int32_t thread);
    std::int32_t process(sys::Fd const& proc, std::int32_t thread);
    // This thread is about to set it, for its process.
    void umask_changes(sys::Fd const& proc, std::int32_t thread, unsigned mask);

private:
    struct Remembered {
        unsigned mask = 0;
        std::int32_t process = 0;
        Instant until; // soon enough that the number cannot have come round again
    };
    std::unordered_map<std::int32_t, sys::Fd> files_;
    std::unordered_map<std::int32_t, Remembered> umasks_;  // by thread
    std::unordered_map<std::int32_t, unsigned> announced_; // by process: not seen in /proc yet
};

// Has a thread that waits a signal to take, and how does its call end (signal(7))? Fail: only its
// process has one, and another thread may take it.
enum class Interruption { None, Restart, Fail };
Interruption interruption_of(sys::Fd const& proc, std::int32_t thread);
Interruption interruption_in(std::string const& status); // text of /proc/TID/status

bool may_mount_in(sys::Fd const& proc, std::int32_t thread); // CAP_SYS_ADMIN where it is

class Caller
{
public:
    Caller(sys::Fd const& proc, CallerStatus& status, std::int32_t thread)
        : proc_(proc), status_(status), thread_(thread)
    {
    }

    // The working directory, or an open one. An error that the kernel would have given: EBADF.
    sys::Opened start_directory(std::int32_t directory) const;
    sys::Opened root() const;
    int text(std::uint64_t address, std::string& into) const; // 0 or errno
    unsigned umask() const;
    std::int32_t thread() const { return thread_; }
    std::int32_t process() const;
    std::string terminal() const; // "/dev/pts/N", "" without one

private:
    sys::Fd const& proc_;
    CallerStatus& status_;
    std::int32_t thread_;
};

} // namespace osh::launcher
