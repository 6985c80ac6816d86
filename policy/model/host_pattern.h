#pragma once
// The shape of a host in a policy: exact, or with `*` for one label and `**` for one or more at the
// front. Only a `*` makes it a pattern; `?`, `[` and `{` alone stay literal.

#include <string_view>

namespace osh::policy
{

struct HostFlaw {
    std::string_view message; // empty: the host is well formed
    std::string_view help;
};

HostFlaw flaw_of_host(std::string_view host);
bool has_host_wildcard(std::string_view host);

// May one name match both? For the ambiguity check: errs on the side of yes.
bool may_overlap(std::string_view left, std::string_view right, char separator);

} // namespace osh::policy
