// clone3(2), capabilities(7), prctl(2), execveat(2), keyctl(2).

#include "launcher/sys/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr int kHighestCapability = 63; // the kernel answers EINVAL beyond its own last one

std::uint64_t flags_of(NewNamespaces wanted)
{
    std::uint64_t flags = 0;
    flags |= wanted.user ? CLONE_NEWUSER : 0;
    flags |= wanted.mount ? CLONE_NEWNS : 0;
    flags |= wanted.pid ? CLONE_NEWPID : 0;
    flags |= wanted.net ? CLONE_NEWNET : 0;
    flags |= wanted.ipc ? CLONE_NEWIPC : 0;
    flags |= wanted.uts ? CLONE_NEWUTS : 0;
    flags |= wanted.cgroup ? CLONE_NEWCGROUP : 0;
    flags |= wanted.time ? CLONE_NEWTIME : 0; // clone3(2) only
    return flags;
}

Result<> write_proc(Fd const& proc, char const* name, std::string const& text)
{
    Fd file = Fd::adopt_raw_fd(::openat(proc.raw(), name, O_WRONLY | O_CLOEXEC));
    if (!file.is_open() || ::write(file.raw(), text.data(), text.size()) < 0)
        return fail_errno(errno, std::string("cannot write /proc/") + name);
    return {};
}

struct CapabilitySets {
    std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

Result<CapabilitySets> capabilities()
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0)
        return fail_errno(errno, "capget");
    auto const join = [](std::uint32_t low, std::uint32_t high) {
        return static_cast<std::uint64_t>(high) << 32 | low;
    };
    return CapabilitySets{join(data[0].effective, data[1].effective),
        join(data[0].permitted, data[1].permitted), join(data[0].inheritable, data[1].inheritable)};
}

Result<> set_capabilities(CapabilitySets sets)
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    for (unsigned half = 0; half < 2; ++half) {
        unsigned const shift = half * 32;
        data[half].effective = static_cast<std::uint32_t>(sets.effective >> shift);
        data[half].permitted = static_cast<std::uint32_t>(sets.permitted >> shift);
        data[half].inheritable = static_cast<std::uint32_t>(sets.inheritable >> shift);
    }
    if (::syscall(SYS_capset, &header, data.data()) != 0)
        return fail_errno(errno, "capset");
    return {};
}

Result<> empty_ambient_and_bounding(std::uint64_t kept)
{
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot clear the ambient capabilities");
    for (int number = 0; number <= kHighestCapability; ++number) {
        bool const stays = (kept >> number & 1) != 0;
        if (stays || ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0)
            continue;
        if (errno == EINVAL)
            break;
        return fail_errno(errno, "cannot drop a capability from the bounding set");
    }
    return {};
}

struct LimitName {
    char const* name;
    __rlimit_resource resource;
};
constexpr std::array kLimitNames{LimitName{"as", RLIMIT_AS}, LimitName{"core", RLIMIT_CORE},
    LimitName{"cpu", RLIMIT_CPU}, LimitName{"data", RLIMIT_DATA}, LimitName{"fsize", RLIMIT_FSIZE},
    LimitName{"locks", RLIMIT_LOCKS}, LimitName{"memlock", RLIMIT_MEMLOCK},
    LimitName{"msgqueue", RLIMIT_MSGQUEUE}, LimitName{"nice", RLIMIT_NICE},
    LimitName{"nofile", RLIMIT_NOFILE}, LimitName{"nproc", RLIMIT_NPROC},
    LimitName{"rtprio", RLIMIT_RTPRIO}, LimitName{"rttime", RLIMIT_RTTIME},
    LimitName{"sigpending", RLIMIT_SIGPENDING}, LimitName{"stack", RLIMIT_STACK}};

} // namespace

Result<Child> clone_process(NewNamespaces wanted, std::function<int()> const& body)
{
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = flags_of(wanted) | CLONE_PIDFD;
    arguments.pidfd = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&pidfd));
    arguments.exit_signal = SIGCHLD;
    long const pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        return fail_errno(errno, "clone3");
    if (pid == 0)
        ::_exit(body());
    return Child{Fd::adopt_raw_fd(pidfd), static_cast<std::int32_t>(pid)};
}

Result<Child> copy_process(std::function<int()> const& body)
{
    int pidfd = -1;
    long const pid = ::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
    if (pid < 0)
        return fail_errno(errno, "clone");
    if (pid == 0)
        ::_exit(body());
    return Child{Fd::adopt_raw_fd(pidfd), static_cast<std::int32_t>(pid)};
}

Result<Child> clone_sibling(std::function<int()> const& body)
{
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PARENT | CLONE_PIDFD; // the exit signal is that of this process
    arguments.pidfd = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&pidfd));
    long const pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        return fail_errno(errno, "clone3 of a sibling");
    if (pid == 0)
        ::_exit(body());
    return Child{Fd::adopt_raw_fd(pidfd), static_cast<std::int32_t>(pid)};
}

Result<> map_identity(Fd const& proc, std::uint32_t uid, std::uint32_t gid)
{
    // user_namespaces(7): an unprivileged gid_map write needs "deny" first. It also keeps the agent
    // from dropping a group that exists only to refuse it a file.
    TRY(write_proc(proc, "self/setgroups", "deny"));
    auto const line = [](std::uint32_t id) {
        return std::to_string(id) + " " + std::to_string(id) + " 1";
    };
    TRY(write_proc(proc, "self/gid_map", line(gid)));
    return write_proc(proc, "self/uid_map", line(uid));
}

Result<> keep_capabilities_across_exec()
{
    LET(sets, capabilities());
    sets.inheritable = sets.permitted;
    TRY(set_capabilities(sets));
    for (int number = 0; number <= kHighestCapability; ++number)
        if ((sets.permitted >> number & 1) != 0
            && ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
            return fail_errno(errno, "cannot raise an ambient capability");
    return {};
}

Result<> drop_all_capabilities()
{
    TRY(empty_ambient_and_bounding(0));
    int const bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP
                     | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED
                     | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (::prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot lock the securebits");
    return set_capabilities({});
}

Result<> keep_only_capabilities(std::span<int const> kept)
{
    std::uint64_t mask = 0;
    for (int number : kept)
        mask |= std::uint64_t{1} << number;
    TRY(empty_ambient_and_bounding(mask));
    LET(sets, capabilities());
    return set_capabilities({sets.effective & mask, sets.permitted & mask, 0});
}

Result<> give_up_capabilities_but(std::span<int const> kept)
{
    std::uint64_t mask = 0;
    for (int number : kept)
        mask |= std::uint64_t{1} << number;
    LET(sets, capabilities());
    return set_capabilities({sets.effective & mask, sets.permitted & mask, 0});
}

bool has_any_capability()
{
    auto const sets = capabilities();
    if (!sets.ok() || (sets->effective | sets->permitted | sets->inheritable) != 0)
        return true;
    for (int number = 0; number <= kHighestCapability; ++number) {
        int const in_bounding = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
        if (in_bounding < 0)
            return false; // beyond the last capability
        if (in_bounding == 1 || ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1)
            return true;
    }
    return false;
}

Result<> forbid_new_privileges()
{
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot set no_new_privs");
    return {};
}

Result<> become_undumpable()
{
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot become undumpable");
    return {};
}

void set_own_name(char const* name)
{
    ::prctl(PR_SET_NAME, name, 0, 0, 0);
}

void become_dumpable()
{
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

Result<> die_with_parent()
{
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot ask to die with the parent");
    return {};
}

Result<> leave_session_keyring()
{
    // keyrings(7): an anonymous session keyring instead of the person's. Kernels without keyrings
    // have nothing to leave.
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS)
        return fail_errno(errno, "cannot leave the session keyring");
    return {};
}

Result<> install_filter(std::span<std::byte const> program)
{
    std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
    std::memcpy(instructions.data(), program.data(), instructions.size() * sizeof(sock_filter));
    sock_fprog const filter{static_cast<unsigned short>(instructions.size()), instructions.data()};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
        return fail_errno(errno, "cannot install the system call filter");
    return {};
}

Error execute_helper(Fd const& file, char const* name)
{
    std::string copy(name);
    std::array<char*, 2> argv{copy.data(), nullptr};
    std::array<char*, 1> envp{nullptr};
    ::syscall(SYS_execveat, file.raw(), "", argv.data(), envp.data(), AT_EMPTY_PATH);
    return fail_errno(errno, std::string("cannot execute ") + name).error();
}

Result<> lower_priority(std::int32_t nice)
{
    if (::setpriority(PRIO_PROCESS, 0, nice) != 0)
        return fail_errno(errno, "setpriority");
    // sched(7): with autogroups the weight against the rest of the machine is the group's.
    Fd const group = Fd::adopt_raw_fd(::open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC));
    std::string const text = std::to_string(nice);
    if (group.is_open() && ::write(group.raw(), text.data(), text.size()) < 0)
        return fail_errno(errno, "cannot lower the priority of the session's group");
    return {};
}

Result<> set_limit(std::string const& name, std::uint64_t value)
{
    for (auto const& known : kLimitNames) {
        if (name != known.name)
            continue;
        rlimit now{};
        if (::getrlimit(known.resource, &now) != 0)
            return fail_errno(errno, "getrlimit " + name);
        rlim_t const limit = value < now.rlim_max ? value : now.rlim_max;
        rlimit const wanted{limit, limit};
        if (::setrlimit(known.resource, &wanted) != 0)
            return fail_errno(errno, "setrlimit " + name);
        return {};
    }
    return fail(Errc::Invalid, "no resource limit is called " + name);
}

Result<> close_from(int first)
{
    if (::syscall(SYS_close_range, first, ~0U, 0) != 0)
        return fail_errno(errno, "close_range");
    return {};
}

Result<> mark_cloexec_from(int first)
{
    if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        return fail_errno(errno, "close_range");
    return {};
}

Result<> set_host_name(std::string const& name)
{
    if (::sethostname(name.data(), name.size()) != 0)
        return fail_errno(errno, "sethostname");
    return {};
}

Result<> signal_process(Fd const& pidfd, int number)
{
    if (::syscall(SYS_pidfd_send_signal, pidfd.raw(), number, nullptr, 0) != 0)
        return fail_errno(errno, "pidfd_send_signal");
    return {};
}

} // namespace osh::sys
