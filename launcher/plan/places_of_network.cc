#include "launcher/plan/places_of_network.h"

namespace osh::launcher
{

NetworkPlaces places_of(policy::NetworkProfile const& network)
{
    NetworkPlaces places;
    if (network.listen != policy::ListenMode::None)
        for (auto const& text : network.publish)
            if (auto const spec = policy::parse_publish(text); spec.ok())
                places.published.push_back(*spec);
    if (network.listen == policy::ListenMode::Publish)
        for (auto const port : network.ports)
            places.published.push_back({policy::LoopbackFamily::Both, port, port});
    for (auto const& text : network.hosts)
        if (auto host = policy::parse_added_host(text); host.ok())
            places.added_hosts.push_back(*std::move(host));
    return places;
}

} // namespace osh::launcher
