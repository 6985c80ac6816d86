#pragma once
// Init's life while the agent runs: reaps, forwards signals, reports stops and the end, answers who
// owns a flow. Ends with the agent, with the supervisor, or on a broken channel; whatever is still
// running in the PID namespace is then killed by the kernel.

#include "launcher/init/owner_lookup.h"
#include "launcher/init/words.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

struct ServeParts {
    sys::Fd channel, owners;
    sys::Fd terminal; // the pty's outer side, to ask for the foreground group; may be not open
    sys::Fd broker;   // its reports; not open when the plan has nothing to guard
    sys::Fd watch;    // closes when the mask watch ends
    sys::Fd children; // signalfd(2) of SIGCHLD
    OwnerLookup lookup;
    std::int32_t agent = 0;
};

int serve(ServeParts parts); // the exit code of init

} // namespace osh::launcher
