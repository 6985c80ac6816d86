#pragma once
// The name by which a sandbox reaches chosen services of the person's own machine: its loopback,
// which no other name and no address ever leads to. Only an endpoint that spells the name out, with
// the port, admits it: no pattern, no question to a person, no audit mode.

#include <algorithm>
#include <array>
#include <string_view>

namespace osh::policy
{

inline constexpr std::string_view kHostServiceName = "host.osh.internal";

// Also the names under which policies written for other tools know the same place.
inline bool is_host_service_name(std::string_view lower_case_name)
{
    constexpr std::array<std::string_view, 4> kNames{kHostServiceName, "host.openshell.internal",
        "host.docker.internal", "host.containers.internal"};
    return std::ranges::find(kNames, lower_case_name) != kNames.end();
}

} // namespace osh::policy
