#pragma once
// The broker: a process of ours in the agent's place that carries out the agent's calls which make
// names or open files for writing, so that it can refuse a name where the host would obey it later
// (seccomp_unotify(2); security design H14). It stands in the same mount namespace, user and
// Landlock domain as the agent: what it does passes the same mounts and rights as if the agent had
// done it. It adds refusals and nothing else. Its end ends the session.
//
// One process, one call after the other: between the look at a place and the act no other call can
// move anything. The caller's memory is read once, and only what was read is used.

#include "launcher/guard/name_rules.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

struct BrokerParts {
    GuardPlan rules;
    sys::Fd proc;     // a procfs of the sandbox
    sys::Fd listener; // of the agent's filter
    sys::Fd reports;  // to init: one message per refusal; its closing is our end
    bool has_other_roots = false;
};

// Does not return before the last caller is gone.
int run_broker(BrokerParts parts);

// One refusal, as it travels to init: the path as the caller had it, and the pattern.
inline constexpr std::size_t kMaxReport = 1024;

} // namespace osh::launcher
