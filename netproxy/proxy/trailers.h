#pragma once
// Fields after a body (RFC 9110 section 6.5), whichever protocol brought them: which of them may go
// on. A recipient may merge trailers into the head, so none may say what a head says to whoever
// frames, routes, authorizes or judges a message; such a field is left out. Pure.

#include "netproxy/proxy/http_exchange.h"

namespace osh::netproxy::proxy
{

// Without the forbidden ones and those that `head` has as well.
std::vector<HttpField> passable_trailers(
    std::vector<HttpField> trailers, std::vector<HttpField> const& head);

// The names that a Trailer field announces, as far as they could pass; "" if none could.
std::string passable_announcement(std::string_view value);

} // namespace osh::netproxy::proxy
