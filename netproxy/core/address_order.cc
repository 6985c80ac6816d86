#include "netproxy/core/address_order.h"

#include <algorithm>

namespace osh::netproxy::core
{

std::vector<IpAddress> in_turns(std::vector<IpAddress> const& addresses)
{
    std::vector<IpAddress> v6, v4, mixed;
    for (auto const& address : addresses)
        (address.is_v4() ? v4 : v6).push_back(address);
    for (std::size_t i = 0; i < std::max(v4.size(), v6.size()); ++i) {
        if (i < v6.size())
            mixed.push_back(v6[i]);
        if (i < v4.size())
            mixed.push_back(v4[i]);
    }
    return mixed;
}

} // namespace osh::netproxy::core
