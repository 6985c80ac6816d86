#pragma once
// evaluate(Policy, Question) -> Verdict. Pure, bounded, no allocation on the allow path of a
// connection; every path ends in Deny. The policy is immutable: a reload makes a new one and swaps
// the pointer.

#include "policy/compile/policy.h"
#include "policy/evaluate/question.h"

namespace osh::policy
{

// Is there any rule (for any caller and port) that this name could match? Only then DNS answers
// with an address without asking a person. Wildcards count.
bool may_be_asked_for(Policy const& policy, std::string_view name);

// Do all the layers that only narrow know a rule for this name? What the profile itself opens
// needs them too.
bool ceilings_know(Policy const& policy, std::string_view name);

// Could the verdict on this host and port, or on a request to it, depend on who asks? When in
// doubt, yes.
bool relies_on_caller(Policy const& policy, std::string_view host, std::uint16_t port);
// The same, for any host and port.
bool relies_on_callers(Policy const& policy);

ConnectVerdict evaluate(Policy const& policy, ConnectQuestion const& question);

// One address the name resolved to (or the literal itself), right before it is dialled. Loopback,
// link-local, unspecified, multicast and metadata addresses are never allowed; private ones by the
// rules of the schema.
Verdict check_address(
    Policy const& policy, ConnectQuestion const& question, IpAddress const& address);

// The zone of the pattern that alone admits this connection: "example.com" of "*.example.com"; "."
// of an endpoint without a host. "" when an endpoint spells the name out, or none admits it.
std::string zone_of_pattern(Policy const& policy, ConnectQuestion const& question);

// A name that cannot be looked up here, but perhaps by the person's own proxy: may it be named to
// the proxy although no address could be checked? Only what an endpoint spells out, without a list
// of addresses.
bool may_go_unresolved(Policy const& policy, ConnectQuestion const& question);

Verdict evaluate(Policy const& policy, RequestQuestion const& question);

} // namespace osh::policy
