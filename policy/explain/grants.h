#pragma once
// A policy as the set of what it lets happen, one line each: who reaches what, and how. Two
// policies compare by these sets, not by their text.

#include "policy/compile/policy.h"

#include <map>
#include <set>
#include <string>

namespace osh::policy
{

// "/usr/bin/gh -> api.github.com:443 GET **"; what is taken away starts with "never ".
// Of the granting layers; what the ceilings let pass is grants_of(*ceiling.policy).
std::set<std::string> grants_of(Policy const& policy);
// The same, each with the place of the rule that says it first: "daily.yaml:31", "approval g-7:5".
std::map<std::string, std::string> grants_with_origin(Policy const& policy);

} // namespace osh::policy
