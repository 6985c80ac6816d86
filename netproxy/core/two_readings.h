#pragma once
// Targets that some servers read differently from most, judged so that no reading gets more than
// its rule. Not: what is malformed for everybody (policy/evaluate/canonical_path.h). Pure.

#include "policy/evaluate/evaluate.h"

#include <string_view>

namespace osh::netproxy::core
{

// A ';' in a query parts parameters as '&' does for Java's, Perl's and older Ruby and Python
// servers (HTML 4.01 appendix B.2.2): both readings have to be allowed.
policy::Verdict evaluate_both_readings(
    policy::Policy const& policy, policy::RequestQuestion question);

// Refuses a canonical path that a server could take for another one: a backslash that parts
// segments on Windows and makes dot segments, an ASCII byte in an overlong spelling of UTF-8 (RFC
// 3629 section 3).
void refuse_odd_path(policy::Verdict& verdict, std::string_view canonical_path);

} // namespace osh::netproxy::core
