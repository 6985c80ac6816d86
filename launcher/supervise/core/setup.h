#pragma once
// What netproxy is told at the start, made from the profile. Pure.

#include "policy/messages/netproxy.h"
#include "policy/model/profile.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxResolvers = 3; // MAXNS of resolver(3)

policy::Setup setup_for(policy::Profile const& profile, std::string const& session);

// The person's own proxies as their variables name them, the lower-case one first, as curl(1) has
// it. An error's sentence names the variable, never its value.
Result<> add_proxies(policy::Setup& setup, std::map<std::string, std::string> const& environment);

// hosts(5) with the session's own entries, each of which replaces what the file says of the name.
std::string hosts_with(std::vector<std::string> const& added, std::string_view hosts);

// The nameserver lines of resolv.conf(5). Without one the local resolver is meant.
std::vector<std::string> resolvers_in(std::string_view resolv_conf);

} // namespace osh::launcher
