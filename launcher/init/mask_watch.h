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

// What to wait for with await_mask_watch(); not open when there is nothing to watch.
Result<sys::Fd> start_mask_watch(AgentParts const& parts);
// Returns once it watches the project's own directory (what lies below is walked while the agent
// starts) and has left the agent's process group, in which a key of the terminal would stop it.
Result<> await_mask_watch(sys::Fd const& started);

inline constexpr std::size_t kMaxWatched =
    8192; // directories; deeper or later ones are not watched

} // namespace osh::launcher
