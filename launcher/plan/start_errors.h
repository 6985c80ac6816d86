#pragma once
// What keeps a session from starting, each as one paragraph: what failed, why with the observed
// value, and the fixes, safest first (design: approvals, "Errors at start").

#include "launcher/plan/plan.h"

namespace osh::launcher
{

// Of the machine: the same list is what `osh doctor` calls errors.
std::vector<Error> host_errors(HostFacts const& facts, Plan const& plan);
// What the profile asks for and this version has not: never silently left out.
std::vector<Error> wish_errors(HostFacts const& facts, policy::Profile const& profile);
// Of the place the person stands in.
std::vector<Error> project_errors(HostFacts const& facts, policy::Profile const& profile);

} // namespace osh::launcher
