#pragma once
// The questions of evaluate.h put to one policy without its ceilings. layered.cc combines them;
// nobody else should ask here.

#include "policy/evaluate/evaluate.h"

namespace osh::policy
{

bool may_be_asked_for_alone(Policy const& policy, std::string_view name);
ConnectVerdict evaluate_alone(Policy const& policy, ConnectQuestion const& question);
Verdict check_address_alone(
    Policy const& policy, ConnectQuestion const& question, IpAddress const& address);
Verdict evaluate_alone(Policy const& policy, RequestQuestion const& question);

} // namespace osh::policy
