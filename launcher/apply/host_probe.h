#pragma once
// Gathers HostFacts: the one place that asks the machine and the session what they are. It looks,
// it does not decide: what follows from a fact is launcher/plan's work.

#include "launcher/plan/host_facts.h"
#include "launcher/plan/probe_request.h"
#include "policy/base/result.h"

namespace osh::launcher
{

// The request names the profile's paths and masks: probe_request(profile) makes it.
Result<HostFacts> probe_host(ProbeRequest const& request);

} // namespace osh::launcher
