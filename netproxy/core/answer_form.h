#pragma once
// A refusal in the language of the client that it is for: JSON by default (reference 3.10), a page
// for a browser, a status for gRPC, lines that git prints. Pure text; the decision is taken.

#include "netproxy/proxy/http_exchange.h"

namespace osh::netproxy::core
{

// `answer` has its words in `detail`; they are safe to show.
proxy::LocalAnswer in_form_for(proxy::RequestHead const& head, proxy::LocalAnswer answer);

} // namespace osh::netproxy::core
