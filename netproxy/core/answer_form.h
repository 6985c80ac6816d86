#pragma once
// A refusal in the language of the client that it is for: JSON by default (reference 3.10), a page
// for a browser, a status for gRPC, lines that git prints. Pure text; the decision is taken.

#include "netproxy/proxy/git_push.h"
#include "netproxy/proxy/http_exchange.h"

namespace osh::netproxy::core
{

// `answer` has its words in `detail`; they are safe to show. `push`: what was read of a push, if
// anything, so that git can be told about each ref.
proxy::LocalAnswer in_form_for(proxy::RequestHead const& head, proxy::LocalAnswer answer,
    proxy::GitPushReader const* push = nullptr);

} // namespace osh::netproxy::core
