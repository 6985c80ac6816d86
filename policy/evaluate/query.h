#pragma once
// The query of a request, decoded for rules only (it goes upstream byte for byte).
// application/x-www-form-urlencoded as the WHATWG URL standard §5.1 parses it, but strict: a
// malformed escape is an error.

#include "policy/base/result.h"
#include "policy/model/network.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

using QueryValues = std::map<std::string, std::vector<std::string>, std::less<>>;

Result<QueryValues> parse_query(std::string_view raw);

// Allow: every value of each named key must match. Deny: one value of each named key is enough.
bool allows_query(std::vector<KeyedMatcher> const& matchers, QueryValues const& values);
bool denies_query(std::vector<KeyedMatcher> const& matchers, QueryValues const& values);

} // namespace osh::policy
