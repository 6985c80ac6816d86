#pragma once
// A host of a profile's list: a name, or a zone with "*." (one label) or "**." (any) in front, as
// in policies. Letters, digits, "-", "_" and dots (RFC 1035 section 2.3.1, RFC 8552), lower case.

#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace osh::policy
{

struct ListedHost {
    std::string name; // lower case, no last dot

    bool has_wildcard() const { return name.starts_with('*'); }
    std::string_view zone() const;             // behind the wildcard; "" without one
    bool matches(std::string_view host) const; // `host`: lower case, no last dot
};

// Errc::Invalid: it names no host. Upper case and a last dot are taken away.
Result<ListedHost> parse_listed_host(std::string_view text);

} // namespace osh::policy
