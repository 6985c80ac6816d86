#pragma once
// Command-line flags that change the profile (layer 6 of the profiles design): options in,
// profile changed. Reads nothing.

#include "launcher/cli/options.h"
#include "policy/model/profile.h"

namespace osh::cli
{

Result<> apply_overrides(ParsedOptions const& options, policy::Profile& profile);

} // namespace osh::cli
