#pragma once
// "NAME:IP" of --add-host and network.hosts: an address for a name, for this session's look-ups
// only. It grants nothing: rules judge the name, and the address is checked as any other.

#include "policy/base/ip_address.h"
#include "policy/base/result.h"

#include <string>
#include <string_view>

namespace osh::policy
{

struct AddedHost {
    std::string name; // lower case, no last dot
    IpAddress address;
};

// IPv6 with or without brackets. Errc::Invalid with a sentence that says what to write.
Result<AddedHost> parse_added_host(std::string_view text);

} // namespace osh::policy
