#pragma once
// What can be seen of a request head that was refused: enough to answer its sender in a form that
// it can show (core/answer_form.h), and for nothing else. Not a parser: nothing here is judged or
// sent.

#include "netproxy/proxy/http_exchange.h"

#include <string_view>
#include <vector>

namespace osh::netproxy::proxy
{

// Of HTTP/1, perhaps cut off: method, path, and those fields that tell what the client reads.
RequestHead glimpse_of(std::string_view head);
// The same of a field block of HTTP/2, pseudo fields first.
RequestHead glimpse_of(std::vector<HttpField> const& block);

} // namespace osh::netproxy::proxy
