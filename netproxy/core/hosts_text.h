#pragma once
// The host's hosts(5) file as a table: names that are not asked for in DNS.

#include "policy/base/ip_address.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace osh::netproxy::core
{

inline constexpr std::size_t kMaxHostsEntries = 100'000; // block lists are this long

class HostsText
{
public:
    HostsText() = default;
    explicit HostsText(std::string_view text);
    // Empty: not in the file.
    std::vector<IpAddress> addresses_of(std::string_view lower_case_name) const;

private:
    std::unordered_map<std::string, std::vector<IpAddress>> table_;
};

} // namespace osh::netproxy::core
