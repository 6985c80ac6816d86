#pragma once
// Near misses of a denial: each single change of the request (its program, host, port, method or
// path) that the same policy allows. Every one was asked of the evaluator, so none can be wrong.

#include "launcher/cli/policy_request.h"
#include "policy/compile/network_index.h"

#include <string>
#include <vector>

namespace osh::cli
{

// At most eight sentences, in a fixed order.
std::vector<std::string> near_misses(policy::Policy const& policy, TestRequest const& request);

} // namespace osh::cli
