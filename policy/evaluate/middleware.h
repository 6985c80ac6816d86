#pragma once
// network_middlewares: the built-in `openshell/regex`, which blanks strings that look like API keys
// ("sk-…") in what is sent to the hosts that it selects. What it is not: buffering, framing, or a
// place for other middlewares; the compiler refuses those by name.

#include "policy/compile/policy.h"
#include "policy/model/network.h"

#include <string>
#include <string_view>

namespace osh::policy
{

// What looks into what is sent to a host: the strictest of the middlewares that select it.
struct MiddlewareDuty {
    std::string_view name; // "" when none does; lives as long as the policy
    OnError on_error = OnError::FailOpen;
    bool selects() const { return !name.empty(); }
    bool must_look() const { return selects() && on_error == OnError::FailClosed; }
};
MiddlewareDuty middleware_duty(Policy const& policy, std::string_view host);

// The text as it may be sent: unchanged where no middleware selects the host. A whole body, not a
// piece of one: a key that lies across two pieces would be missed.
std::string apply_middlewares(Policy const& policy, std::string_view host, std::string_view text);

} // namespace osh::policy
