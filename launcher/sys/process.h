#pragma once
// Starting processes in new namespaces: clone3(2) with a pidfd; powers raised for an exec or given
// up for good. namespaces(7), capabilities(7), user_namespaces(7).

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace osh::sys
{

struct NewNamespaces {
    bool user = false, mount = false, pid = false, net = false, ipc = false, uts = false,
         cgroup = false, time = false;
};

struct Child {
    Fd pidfd;
    std::int32_t pid = 0;
};

// Runs `body` in a copy of this process; its return value is the exit code. `body` must not touch
// what only the parent may.
Result<Child> clone_process(NewNamespaces wanted, std::function<int()> const& body);

// The same without namespaces, by clone(2): its flags are in a register, where a filter sees them.
Result<Child> copy_process(std::function<int()> const& body);

// A copy of this process whose parent is our parent (CLONE_PARENT): who reaps us reaps it, and the
// program that we execute afterwards has no child that it does not know.
Result<Child> clone_sibling(std::function<int()> const& body);

// In the new user namespace: maps one uid and one gid to themselves. `proc` is a procfs of this
// PID namespace.
Result<> map_identity(Fd const& proc, std::uint32_t uid, std::uint32_t gid);

// Keeps the capabilities of a new user namespace across execve(2) of an ordinary file.
Result<> keep_capabilities_across_exec();
// Empties every set of this thread, ambient and bounding included, and locks the securebits so that
// uid 0 means nothing either.
Result<> drop_all_capabilities();
// Permitted and effective become exactly these; all others leave the bounding and ambient sets.
Result<> keep_only_capabilities(std::span<int const> kept);
// Permitted and effective lose all others, the bounding set stays: for a process that executes
// nothing any more, and that may lack CAP_SETPCAP.
Result<> give_up_capabilities_but(std::span<int const> kept);
bool has_any_capability();

Result<> forbid_new_privileges();
Result<> become_undumpable();
void set_own_name(char const* name); // PR_SET_NAME: what ps(1) shows, at most 15 characters
void become_dumpable();
Result<> die_with_parent(); // PR_SET_PDEATHSIG, SIGKILL
Result<> leave_session_keyring();

// seccomp(2) SECCOMP_SET_MODE_FILTER; the bytes are an array of struct sock_filter.
Result<> install_filter(std::span<std::byte const> program);

// execveat(2) of an open file with an empty environment. Returns only on failure.
Error execute_helper(Fd const& file, char const* name);

Result<> lower_priority(
    std::int32_t nice); // setpriority(2), and of the autogroup where there is one

Result<> set_limit(std::string const& name, std::uint64_t value); // names as in prlimit(1)

// All descriptors from `first` on become close-on-exec, or are closed.
Result<> close_from(int first);
Result<> mark_cloexec_from(int first);

Result<> set_host_name(std::string const& name);
Result<> signal_process(Fd const& pidfd, int number);

} // namespace osh::sys
