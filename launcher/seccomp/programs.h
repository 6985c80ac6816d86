#pragma once
// The finished filters, generated when osh is built (make_filters.cc from the tables of groups.cc
// and arguments.cc): arrays of struct sock_filter for seccomp(2).

#include "policy/base/bytes.h"

namespace osh::launcher
{

struct FilterChoice {
    bool nested_allow = false; // namespaces and mounts for an agent's own sandbox
    bool debug_allow = true;   // ptrace of own processes, told to init
    bool hears_openers = true; // connect(2), told to init
};

struct FilterPrograms {
    Bytes calls, arguments;
    Bytes watched; // empty, or installed with a listener that init answers
    Bytes asking;  // instead of it where there is a broker (launcher/broker): its calls and these
};

FilterPrograms agent_filter(FilterChoice choice);
Bytes init_filter();
Bytes broker_filter(FilterChoice choice); // of our two processes in the agent's place
Bytes mask_watch_filter();
Bytes supervisor_filter(); // for osh itself once its helpers run
Bytes keeper_filter();     // for the door keeper: the same, and connect(2)

} // namespace osh::launcher
