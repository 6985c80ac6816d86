#include "launcher/init/sandbox_network.h"

#include "launcher/sys/network.h"
#include "launcher/sys/unshare.h"
#include "policy/messages/addresses.h"

namespace osh::launcher
{
namespace
{

sys::TunAddress address_of(std::string_view local, std::string_view gateway, std::uint8_t prefix)
{
    auto const own = IpAddress::parse(local);
    auto const router = IpAddress::parse(gateway);
    OSH_CHECK(own.has_value() && router.has_value());
    return {*own, *router, prefix};
}

} // namespace

Result<sys::Fd> build_network(Uplink uplink)
{
    // Not with the clone of this process: the kernel takes half a millisecond for it, which the
    // supervisor would wait.
    TRY(sys::enter_new_namespaces({.net = true}));
    TRY(sys::bring_up_loopback());
    if (uplink == Uplink::None)
        return sys::Fd();
    sys::TunPlan tun;
    tun.name = policy::kTunName;
    tun.mtu = policy::kTunMtu;
    tun.header_size = policy::kTunHeaderSize;
    tun.addresses = {address_of(policy::kAgentV4, policy::kGatewayV4, policy::kPrefixV4),
        address_of(policy::kAgentV6, policy::kGatewayV6, policy::kPrefixV6)};
    LET(device, sys::open_tun(tun));
    TRY(sys::configure_tun(tun));
    sys::shorten_connect_attempts();
    return device;
}

} // namespace osh::launcher
