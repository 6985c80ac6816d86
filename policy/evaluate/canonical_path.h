#pragma once
// One spelling for a request path: percent-decoded where that changes nothing, dot segments
// resolved, doubled slashes and path parameters removed. What rules judge is what goes upstream.
// RFC 3986 §5.2.4 and §6.2.2; RFC 9112 §3.2 for the target.

#include "policy/base/result.h"

#include <string>
#include <string_view>

namespace osh::policy
{

struct RequestTarget {
    std::string path;               // canonical, starts with "/"
    std::string query;              // byte for byte
    bool has_encoded_slash = false; // a %2F stays in it: only where the endpoint permits it
};

// The raw path and query of a request. An absolute-form target must name `host`.
Result<RequestTarget> canonical_target(
    std::string_view raw_path, std::string_view raw_query, std::string_view host);

} // namespace osh::policy
