#pragma once
// The inner ends of the sockets that a profile opened: made in the sandbox's own root while it can
// still be written, and handed to the supervisor, whose door keeper serves them (unix(7)).

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

// After the root was entered. In the order of plan.doors.
Result<std::vector<sys::Fd>> make_doors(sys::Fd const& root, Plan const& plan);

} // namespace osh::launcher
