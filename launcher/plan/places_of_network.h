#pragma once
// What a session opens on this machine and what names it is given: published ports and added hosts.
// The supervisor has them from the profile, init never hears of them; so they stand beside the
// plan, for `osh plan`.

#include "launcher/plan/plan.h"
#include "policy/model/added_host.h"
#include "policy/model/publish.h"

#include <string>
#include <vector>

namespace osh::launcher
{

struct NetworkPlaces {
    std::vector<policy::PublishSpec> published;
    std::vector<policy::AddedHost> added_hosts;
};

// Of the profile with the command line's words. What cannot be read was refused with them.
NetworkPlaces places_of(policy::NetworkProfile const& network);

std::string describe(Plan const& plan, NetworkPlaces const& places);      // `osh plan`
std::string describe_json(Plan const& plan, NetworkPlaces const& places); // `osh plan --json`

} // namespace osh::launcher
