#pragma once
// Files that the profile hides and that appear while the agent runs, because a program outside
// makes them or puts a new version in place of a masked one: covered within milliseconds. (The
// agent itself cannot make such names: launcher/broker.) A process of ours in the agent's mount
// namespace that watches the project's directories and mounts the mask; it holds the power to mount
// there, and no file-system layer of Landlock, under which nothing can be mounted. Its end ends the
// session.

#include "launcher/init/agent.h"

namespace osh::launcher
{

// Returns once it watches over nothing less than the project's own directory; what lies below is
// walked while the agent starts.
Result<> start_mask_watch(AgentParts const& parts);

inline constexpr std::size_t kMaxWatched =
    8192; // directories; deeper or later ones are not watched

} // namespace osh::launcher
