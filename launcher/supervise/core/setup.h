#pragma once
// What netproxy is told at the start, made from the profile. Pure.

#include "policy/messages/netproxy.h"
#include "policy/model/profile.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxResolvers = 3; // MAXNS of resolver(3)

policy::Setup setup_for(policy::Profile const& profile, std::string const& session);

// The nameserver lines of resolv.conf(5). None: the file's documented default, 127.0.0.1.
std::vector<std::string> resolvers_in(std::string_view resolv_conf);

} // namespace osh::launcher
