#pragma once
// What kind of place an address is, for the decision whether a sandbox may reach it: never
// (loopback, link-local, metadata services …), internal (private networks), or public. RFC 6890 and
// the registries it names; metadata addresses from the cloud providers' manuals.

#include "policy/base/ip_address.h"

#include <string_view>

namespace osh::policy
{

enum class AddressKind : std::uint8_t { Public, Internal, Never };

struct AddressClass {
    AddressKind kind = AddressKind::Never;
    std::string_view name; // "loopback", "private network", …; "" for public
};

// An address that carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo) is judged by the
// stricter of the two.
AddressClass classify(IpAddress const& address);

// The name of the always-blocked range that the block overlaps, or "".
std::string_view overlapped_never_range(AddressBlock const& block);

// Ports of cluster control planes: refused unless the destination is public.
bool is_control_plane_port(std::uint16_t port);

} // namespace osh::policy
