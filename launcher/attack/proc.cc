// Processes of the host, and what /proc and /sys tell of it.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

pid_t victim(Targets const& targets)
{
    return static_cast<pid_t>(std::strtol(target(targets, "victim").c_str(), nullptr, 10));
}

// The victim stands in a folder whose name nobody else knows.
Tried see_process(Targets const& targets)
{
    std::array<char, PATH_MAX> place{};
    std::string const link = "/proc/" + target(targets, "victim") + "/cwd";
    ssize_t const length = ::readlink(link.c_str(), place.data(), place.size() - 1);
    return length < 0 ? refused_by(errno)
                      : found_in(std::string(place.data(), static_cast<std::size_t>(length)),
                          target(targets, "nonce"));
}

Tried read_memory(Targets const& targets)
{
    std::string const nonce = target(targets, "nonce");
    std::string text(nonce.size(), '\0');
    auto const address = std::strtoull(target(targets, "victim-address").c_str(), nullptr, 10);
    iovec const here{text.data(), text.size()};
    iovec const there{reinterpret_cast<void*>(static_cast<std::uintptr_t>(address)), text.size()};
    if (::syscall(SYS_process_vm_readv, victim(targets), &here, 1, &there, 1, 0) < 0)
        return refused_by(errno);
    return found_in(text, nonce);
}

// The victim has the nonce's folder open: the descriptor would be a way in.
Tried steal_descriptor(Targets const& targets)
{
    int error = 0;
    std::string const path =
        "/proc/" + target(targets, "victim") + "/root" + target(targets, "home-file");
    std::string const text = read_whole(path, error);
    return error != 0 ? refused_by(error) : found_in(text, target(targets, "nonce"));
}

Tried lower_oom_score(Targets const&)
{
    int const file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return refused_by(errno);
    bool const is_written = ::write(file, "600", 3) == 3; // raising needs no right outside
    ::close(file);
    return is_written ? worked("the order in which processes are ended can be changed")
                      : refused_by(errno);
}

Tried write_own_memory(Targets const&)
{
    int const file = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (file < 0)
        return refused_by(errno);
    ::close(file);
    return worked("memory can be written past every protection");
}

Tried slow_others(Targets const&)
{
    // On a group of its own, so that nobody is slowed down: the door is the same.
    if (::setpgid(0, 0) != 0)
        return {};
    return outcome_of(::setpriority(PRIO_PGRP, 0, ::getpriority(PRIO_PROCESS, 0)));
}

Tried see_sys(Targets const&)
{
    struct stat seen {
    };
    return outcome_of(::stat("/sys/class", &seen));
}

Tried see_machine_id(Targets const& targets)
{
    int error = 0;
    std::string const text = read_whole("/etc/machine-id", error);
    std::string const real = target(targets, "machine-id");
    if (real.empty())
        return {};
    return error != 0 ? refused_by(error) : found_in(text, real);
}

constexpr std::array kAttempts{
    Attempt{"proc.see", "see a process of the host", see_process},
    Attempt{"proc.memory", "read the memory of a process of the host", read_memory},
    Attempt{"proc.root", "read files through a process of the host", steal_descriptor},
    Attempt{"proc.oom", "be ended last when memory runs out", lower_oom_score},
    Attempt{"proc.own-memory", "write memory through /proc", write_own_memory},
    Attempt{"proc.priority", "change the priority of the user's other processes", slow_others},
    Attempt{"proc.sys", "look at the machine's devices in /sys", see_sys},
    Attempt{"proc.machine-id", "learn which machine this is", see_machine_id},
};

} // namespace

std::span<Attempt const> proc_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
