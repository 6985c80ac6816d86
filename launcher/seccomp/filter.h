#pragma once
// Builds the system call filter of the agent, as BPF: an allow list of named groups, each call with
// its reason (groups.cc), narrowed by rules over arguments (arguments.cc). Runs when osh is built
// (make_filters.cc): libseccomp needs 8 ms for it, half of what a start may take. What the
// supervisor uses is programs.h. Design: security H7, seccomp(2), seccomp_rule_add(3).
//
// Two programs: which calls exist, and which arguments they may have; and where debugging is
// allowed a third, whose calls init hears of first (seccomp_unotify(2)). The kernel takes the
// stricter answer, and its cache of constant answers (Linux 5.11) makes plain calls cost nothing
// extra.

#include "launcher/seccomp/programs.h"
#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <vector>

namespace osh::launcher
{

struct BuiltFilter { // arrays of struct sock_filter, see FilterPrograms
    std::vector<std::byte> calls, arguments, watched, asking;
};

Result<BuiltFilter> build_agent_filter(FilterChoice choice);
Result<std::vector<std::byte>> build_init_filter();
Result<std::vector<std::byte>> build_broker_filter(FilterChoice choice);
Result<std::vector<std::byte>> build_mask_watch_filter();
Result<std::vector<std::byte>> build_supervisor_filter();
// The same with connect(2): for the process behind opened sockets.
Result<std::vector<std::byte>> build_keeper_filter();

} // namespace osh::launcher
