#pragma once
// Sockets of the host that a profile opens by name (security design H8, osh-profile(5)): which of
// them osh can give, what is inside instead of them, and what that means for the person. Everything
// that is not named here, or not given, stays out of reach. Pure.

#include "launcher/plan/plan.h"

namespace osh::launcher
{

inline constexpr std::string_view kSshAgent = "ssh-agent";

// Appends doors, mounts, Landlock rules, variables (`plan.door_variables`) and notes; errors for
// names that osh does not give.
void add_doors(Planned& planned, HostFacts const& facts, policy::Profile const& profile);

} // namespace osh::launcher
