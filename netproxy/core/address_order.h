#pragma once
// The order in which the addresses of a name are tried: RFC 8305 section 4.

#include "policy/base/ip_address.h"

#include <vector>

namespace osh::netproxy::core
{

// Families take turns, IPv6 first, so that a bound on how many are tried leaves neither out.
std::vector<IpAddress> in_turns(std::vector<IpAddress> const& addresses);

} // namespace osh::netproxy::core
