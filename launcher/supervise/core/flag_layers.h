#pragma once
// `--allow HOST[:PORT][/METHOD]` and `--deny HOST[:PORT]` as a policy document like any other: the
// flags have no second meaning beside the policy's. Pure.

#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::launcher
{

// An OpenShell document; "" when both lists are empty. The error names the flag and what it takes.
Result<std::string> layer_of_flags(
    std::vector<std::string> const& allow, std::vector<std::string> const& deny);

// network.connect of a profile: this machine's services on these ports, for any program; "" for
// none.
std::string layer_of_host_ports(std::vector<std::uint16_t> const& ports);

} // namespace osh::launcher
