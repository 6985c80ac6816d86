#include "netproxy/shell/dial_guard.h"

#include "launcher/sys/route_question.h"
#include "policy/model/address_class.h"

#include <cerrno>

namespace osh::netproxy::shell
{

bool DialGuard::leads_outside(IpAddress const& address, Instant now)
{
    for (Seen const& seen : outside_)
        if (seen.address == address && now < seen.until)
            return true;
    auto const route = sys::route_to(routes_, address);
    if (route == sys::Route::Local || route == sys::Route::Other)
        return false;
    outside_[next_++ % kMostRemembered] = {address, now + kRemembered};
    return true;
}

Result<> DialGuard::check(IpAddress const& address, Instant now, core::Reach reach)
{
    if (reach == core::Reach::OwnLoopback) {
        if (address == *IpAddress::parse("127.0.0.1") || address == *IpAddress::parse("::1"))
            return {};
        return std::unexpected(Error{Errc::Denied, EACCES, kNeverDialled});
    }
    if (reach == core::Reach::Proxy)
        return {}; // the person's own, wherever it is; the core checked what it is asked for
    bool const is_never = policy::classify(address).kind == policy::AddressKind::Never;
    if (is_never || !leads_outside(address, now))
        return std::unexpected(Error{Errc::Denied, EACCES, kNeverDialled});
    return {};
}

} // namespace osh::netproxy::shell
