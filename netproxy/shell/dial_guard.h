#pragma once
// The last look at an address before a socket is told to go there, independent of any policy: no
// class that is never reachable, no address of this machine (security design H10 rule 4, H20).

#include "launcher/sys/fd.h"
#include "netproxy/core/commands.h"
#include "policy/base/ip_address.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <array>

namespace osh::netproxy::shell
{

inline constexpr char const* kNeverDialled = "the address belongs to this machine or to a class of "
                                             "addresses that is never dialled";

class DialGuard
{
public:
    // routes: of sys::open_route_questions().
    explicit DialGuard(sys::Fd routes) : routes_(std::move(routes)) {}

    // With Reach::Proxy nothing is refused.
    // With Reach::OwnLoopback exactly the opposite is asked: 127.0.0.1 or ::1 and nothing else.
    //
    // Denied with EACCES, also when the kernel's answer cannot be read.
    Result<> check(IpAddress const& address, Instant now, core::Reach reach = core::Reach::World);

private:
    // What the kernel said of an address lately: a client that makes connection after connection
    // to one server costs one question. A new network changes our own addresses within seconds at
    // best, and nobody inside can.
    static constexpr Duration kRemembered = 250ms;
    static constexpr std::size_t kMostRemembered = 16;
    struct Seen {
        IpAddress address;
        Instant until{};
    };
    bool leads_outside(IpAddress const& address, Instant now);

    sys::Fd routes_;
    std::array<Seen, kMostRemembered> outside_{};
    std::size_t next_ = 0;
};

} // namespace osh::netproxy::shell
