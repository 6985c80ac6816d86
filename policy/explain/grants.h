#pragma once
// A policy as the set of what it lets happen, one line each: who reaches what, and how. Two
// policies compare by these sets, not by their text.

#include "policy/compile/policy.h"

#include <set>
#include <string>

namespace osh::policy
{

// "/usr/bin/gh -> api.github.com:443 GET **"; what is taken away starts with "never ".
std::set<std::string> grants_of(Policy const& policy);

} // namespace osh::policy
