#pragma once
// Brings a plan to life: clones init into the new namespaces, follows its set-up, and hands the
// supervisor what it needs. Runs in the supervisor. What happens inside (mounts, network, Landlock,
// seccomp, prove, exec) is osh-init's work.

#include "launcher/plan/plan.h"
#include "launcher/sys/cgroup.h"
#include "launcher/sys/fd.h"
#include "launcher/sys/late_close.h"

#include <cstdint>
#include <string>
#include <variant>

namespace osh::launcher
{

struct StdioPlan {
    bool wants_terminal =
        false; // make a pty of the sandbox's own devpts for 0, 1 and 2 that are terminals
    // Descriptors the agent gets as 0, 1, 2 where it gets no pty: pipes of ours or passed pipes;
    // not open: the pty.
    sys::Fd in, out, err;
    std::uint16_t rows = 24, columns = 80;
};

// What init gave so far; the agent is not running yet.
struct Sandbox {
    sys::Fd init_pidfd;
    sys::Fd init_channel;  // SOCK_SEQPACKET: launcher/init/words.h
    sys::Fd owner_channel; // the netproxy end of the owner-look-up channel
    sys::Fd tun;           // not open when the plan has no network
    sys::Fd pty;           // master, once prepared; not open without a terminal
    // Inner ends, in the order of the plan, once prepared.
    std::vector<sys::Fd> doors;
    // Shared with the mask watch, so that its last close is not part of init's end.
    sys::LateFd mask_watch;
    sys::ControlGroup group; // to be kept until init ended
    std::int32_t init_pid = 0;
    bool wants_terminal = false;
    std::size_t door_count = 0;
};

// Errors are sentences for people with the failed step. Nothing is left behind on failure.
// Returns when the network stands: netproxy can be set up while init makes the file system.
Result<Sandbox> prepare(Plan const& plan, StdioPlan stdio, HostFacts const& facts);
// Until everything stands. On failure init has ended.
Result<> await_prepared(Sandbox& sandbox, HostFacts const& facts);

} // namespace osh::launcher
