#pragma once
// The last look at an address before a socket is told to go there, independent of any policy: no
// class that is never reachable, no address of this machine (security design H10 rule 4, H20).

#include "launcher/sys/fd.h"
#include "netproxy/core/commands.h"
#include "policy/base/ip_address.h"
#include "policy/base/result.h"

namespace osh::netproxy::shell
{

inline constexpr char const* kNeverDialled = "the address belongs to this machine or to a class of "
                                             "addresses that is never dialled";

// With Reach::Proxy nothing is refused.
// With Reach::OwnLoopback exactly the opposite is asked: 127.0.0.1 or ::1 and nothing else.
//
// Denied with EACCES, also when the kernel's answer cannot be read. `routes` is of
// sys::open_route_questions().
Result<> may_be_dialled(
    sys::Fd const& routes, IpAddress const& address, core::Reach reach = core::Reach::World);

} // namespace osh::netproxy::shell
