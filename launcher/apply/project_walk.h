#pragma once
// Finds what the profile masks inside the project, and the sockets and FIFOs that lie there: behind
// each may stand a program of the host (security design H8.3). Bounded: a project of any size costs
// at most kMaxMaskWalk looked-at entries; directories of installed packages and of git's objects
// are left out.

#include "launcher/plan/host_facts.h"
#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::launcher
{

// An error when a part of the project could not be looked at.
Result<> walk_for_masks(HostFacts& facts, std::vector<std::string> const& masks);
// The same for sockets and FIFOs in what the profile grants beside the project.
Result<> walk_for_sockets(HostFacts& facts, std::vector<std::string> const& grants);

} // namespace osh::launcher
