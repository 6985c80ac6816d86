#pragma once
// The agent's process, from the clone to the exec: second user namespace, so that every mount is
// locked; powers given up, limits, Landlock, seccomp, proof, exec (security design H2 step 10).

#include "launcher/init/mount_tree.h"
#include "launcher/init/words.h"
#include "launcher/plan/plan.h"
#include "launcher/sys/process.h"

#include <optional>

namespace osh::launcher
{

struct AgentParts {
    Plan const& plan;
    MountedTree const& tree;
    WordPlan const& word; // the filters
    sys::Fd const& in;    // what becomes 0, 1 and 2
    sys::Fd const& out;
    sys::Fd const& err;
    sys::Fd const& broker; // what the broker reports on; not open when there is nothing to guard
    sys::Fd const& mask_alive;         // open as long as it lives; not open when nothing is hidden
    sys::Fd const& mask_watch;         // its inotify(7) instance; as above
    sys::Fd const* terminal = nullptr; // the pty's inner side, when the agent has one
};

struct StartedAgent {
    sys::Child child;
    std::string mount_namespace; // in which the agent's first program runs
    sys::Fd watched;             // the listener of its watched calls; not open when there are none
    // Empty when the exec succeeded.
    std::optional<WordFailed> failure;
    sys::Fd channel; // to let_go()
};

// Waits until the agent's process stands confined and proven; it waits for let_go() then.
Result<StartedAgent> start_agent(AgentParts const& parts);
// Lets it execute the agent; waits until that succeeded or failed.
Result<> let_go(StartedAgent& agent);

} // namespace osh::launcher
