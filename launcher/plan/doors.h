#pragma once
// Sockets of the host that a profile opens by name (security design H8, osh-profile(5)): which of
// them osh can give, what is inside instead of them, and what that means for the person. Everything
// that is not named here, or not given, stays out of reach. Pure.

#include "launcher/plan/plan.h"

#include <string>
#include <string_view>

namespace osh::launcher
{

inline constexpr std::string_view kSshAgent = "ssh-agent", kSessionBus = "session-bus";

// Where the person's own programs would find it; "" (or a relative path) if nowhere on this
// machine, or when the name is not known.
std::string door_place(std::string_view name, HostFacts const& facts);

// Appends doors, mounts, Landlock rules, variables (`plan.door_variables`), notes and warnings;
// errors for names that osh does not give, and for sockets (`facts.sockets`) that are not there or
// not the person's own.
void add_doors(Planned& planned, HostFacts const& facts, policy::Profile const& profile);

// Of the profile's sockets, those against which no boundary holds, in words; "" when there is none.
std::string what_doors_give_up(policy::Profile const& profile);

} // namespace osh::launcher
