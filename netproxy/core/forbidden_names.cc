#include "netproxy/core/forbidden_names.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::core
{

bool is_forbidden_name(std::string_view name)
{
    static constexpr std::array<std::string_view, 12> kNames{"metadata", "metadata.google.internal",
        "metadata.goog", "metadata.internal", "metadata.azure.internal", "instance-data",
        "instance-data.ec2.internal", "metadata.tencentyun.com", "metadata.oraclecloud.com",
        "localhost", "ip6-localhost", "ip6-loopback"};
    return std::ranges::find(kNames, name) != kNames.end() || name.ends_with(".localhost");
}

} // namespace osh::netproxy::core
