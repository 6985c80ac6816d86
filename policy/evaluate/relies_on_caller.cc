// evaluate.h, relies_on_caller(): rules that admit an unknown caller admit anyone, so where all
// rules of a host and port do, who asks changes nothing.

#include "policy/evaluate/evaluate.h"
#include "policy/evaluate/reachable.h"

#include <algorithm>

namespace osh::policy
{
namespace
{

bool relies_alone(Policy const& policy, std::string_view host, std::uint16_t port)
{
    bool relies = false;
    policy.network->for_each(host, port, [&](Endpoint const& endpoint) {
        relies = relies || !admits(policy.network->entries()[endpoint.entry], Caller{});
    });
    return relies;
}

bool names_programs(Policy const& policy)
{
    return policy.network == nullptr
           || std::ranges::any_of(policy.network->entries(),
               [](NetworkEntry const& entry) { return !admits(entry, Caller{}); });
}

} // namespace

bool relies_on_callers(Policy const& policy)
{
    return names_programs(policy)
           || std::ranges::any_of(policy.ceilings, [](PolicyCeiling const& ceiling) {
                  return names_programs(*ceiling.policy)
                         || (ceiling.exempt && names_programs(*ceiling.exempt));
              });
}

bool relies_on_caller(Policy const& policy, std::string_view host, std::uint16_t port)
{
    LowerHost const lower(host);
    if (!lower.is_usable())
        return true;
    return relies_alone(policy, lower.view(), port)
           || std::ranges::any_of(policy.ceilings, [&](PolicyCeiling const& ceiling) {
                  return relies_alone(*ceiling.policy, lower.view(), port)
                         || (ceiling.exempt && relies_alone(*ceiling.exempt, lower.view(), port));
              });
}

} // namespace osh::policy
