#pragma once
// The questions of evaluate.h put to one policy without its ceilings. layered.cc combines them;
// nobody else should ask here.

#include "policy/evaluate/credential_rewrite.h"
#include "policy/evaluate/evaluate.h"

#include <optional>

namespace osh::policy
{

bool may_be_asked_for_alone(Policy const& policy, std::string_view name);
ConnectVerdict evaluate_alone(Policy const& policy, ConnectQuestion const& question);
Verdict check_address_alone(
    Policy const& policy, ConnectQuestion const& question, IpAddress const& address);
Verdict evaluate_alone(Policy const& policy, RequestQuestion const& question);
// Nothing where no endpoint reads such requests.
std::optional<CredentialRewrite> credential_rewrite_alone(
    Policy const& policy, ConnectQuestion const& connection, std::string_view canonical_path);

} // namespace osh::policy
