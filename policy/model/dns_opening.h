#pragma once
// "NAME TYPE…" of network.dns_types: kinds of DNS records that programs inside may look up for a
// name, in the world and not only here (RFC 1035). Addresses are not among them: those are always
// ours. It opens records, never a connection.

#include "policy/model/listed_host.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxDnsOpenings = 256; // of one profile

struct DnsOpening {
    ListedHost where;
    std::vector<std::uint16_t> types;

    bool opens(std::string_view asked, std::uint16_t type) const; // `asked`: lower case
};

// Errc::Invalid with a sentence that says what to write.
Result<DnsOpening> parse_dns_opening(std::string_view text);

std::string dns_type_name(std::uint16_t type); // "TXT"; "TYPE10" of one that cannot be opened

// The name that a policy would know: without the labels in front that begin with "_" (RFC 8552).
std::string_view host_behind_service(std::string_view name);

} // namespace osh::policy
