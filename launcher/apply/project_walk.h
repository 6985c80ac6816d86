#pragma once
// Finds what the profile masks inside the project, what it protects below the top level, and the
// sockets and FIFOs that lie there: behind each may stand a program of the host (security design
// H8.3). Bounded: a project of any size costs at most kMaxMaskWalk looked-at entries; directories
// of installed packages and of git's objects are left out.

#include "launcher/plan/host_facts.h"
#include "launcher/plan/probe_request.h"
#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::launcher
{

// An error when a part of the project could not be looked at, or when more than kMaxNested places
// would have to be protected one by one.
inline constexpr std::size_t kMaxNested = 512;
Result<> walk_project(HostFacts& facts, ProbeRequest const& request);
// The same for sockets and FIFOs in what the profile grants beside the project.
Result<> walk_for_sockets(HostFacts& facts, std::vector<std::string> const& grants);

} // namespace osh::launcher
