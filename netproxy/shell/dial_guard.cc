#include "netproxy/shell/dial_guard.h"

#include "launcher/sys/route_question.h"
#include "policy/model/address_class.h"

#include <cerrno>

namespace osh::netproxy::shell
{

Result<> may_be_dialled(sys::Fd const& routes, IpAddress const& address, core::Reach reach)
{
    if (reach == core::Reach::OwnLoopback) {
        if (address == *IpAddress::parse("127.0.0.1") || address == *IpAddress::parse("::1"))
            return {};
        return std::unexpected(Error{Errc::Denied, EACCES, kNeverDialled});
    }
    if (reach == core::Reach::Proxy)
        return {}; // the person's own, wherever it is; the core checked what it is asked for
    bool const is_never = policy::classify(address).kind == policy::AddressKind::Never;
    auto const route = is_never ? sys::Route::Other : sys::route_to(routes, address);
    if (route == sys::Route::Local || route == sys::Route::Other)
        return std::unexpected(Error{Errc::Denied, EACCES, kNeverDialled});
    return {};
}

} // namespace osh::netproxy::shell
