#pragma once
// Who makes a call: where its paths begin, its umask, its terminal. Everything is read from the
// procfs of the sandbox while the caller waits; that it still waits is asked afterwards
// (seccomp_unotify(2)), else a recycled thread number could have answered for it.

#include "launcher/sys/entry_calls.h"

#include <cstdint>
#include <unordered_map>

namespace osh::launcher
{

// Threads seen so far: their status files stay open, which saves a look-up for each call. A file of
// a thread that has ended reads as nothing, also when its number is used again.
class CallerStatus
{
public:
    std::string read(sys::Fd const& proc, std::int32_t thread);

private:
    std::unordered_map<std::int32_t, sys::Fd> files_;
};

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
    std::uint64_t status_number(std::string_view key, int base) const;

    sys::Fd const& proc_;
    CallerStatus& status_;
    std::int32_t thread_;
};

} // namespace osh::launcher
