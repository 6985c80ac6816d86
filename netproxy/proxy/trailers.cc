// RFC 9110 section 6.5.1 forbids them by kind; the table names them.
#include "netproxy/proxy/trailers.h"

#include "netproxy/proxy/http1_head.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::array<std::string_view, 57> kForbidden = {
    // framing and connection
    "content-length", "transfer-encoding", "trailer", "te", "connection", "keep-alive", "upgrade",
    "http2-settings", "alt-svc",
    // routing, and which request it is
    "host", "forwarded", "via", "x-real-ip", "x-rewrite-url", "x-host", "x-method-override",
    "location", "refresh", "true-client-ip", "cf-connecting-ip", "x-client-ip",
    "x-cluster-client-ip", "accept", "origin", "referer",
    // authorization and state
    "authorization", "authentication-info", "www-authenticate", "cookie", "cookie2", "set-cookie",
    "set-cookie2", "x-api-key", "api-key", "private-token", "apikey", "dpop", "x-auth-token",
    "x-vault-token", "clear-site-data", "strict-transport-security",
    // what changes the meaning of a request or an answer
    "cache-control", "expect", "max-forwards", "pragma", "range", "age", "expires", "vary", "date",
    "retry-after",
    // how the content is to be read
    "content-encoding", "content-type", "content-range", "content-location", "content-disposition",
    "content-security-policy"};
constexpr std::array<std::string_view, 9> kForbiddenStarts = {"proxy-", "if-", "x-forwarded-",
    "sec-", "access-control-", "x-original-", "x-http-", "x-envoy-", "mcp-"};

// By what it may be read as: X_Api_Key is X-Api-Key to a server that merges trailers into its
// variables. Not a list of what may pass instead: an unknown name says nothing that the agent could
// not say in the head, where unknown names pass as well.
bool is_forbidden(std::string_view name)
{
    auto const read = as_variables_read(name);
    return is_never_forwarded(name)
           || std::find(kForbidden.begin(), kForbidden.end(), read) != kForbidden.end()
           || std::any_of(kForbiddenStarts.begin(), kForbiddenStarts.end(),
               [&](std::string_view start) { return read.starts_with(start); });
}

} // namespace

std::vector<HttpField> passable_trailers(
    std::vector<HttpField> trailers, std::vector<HttpField> const& head)
{
    std::erase_if(trailers, [&](HttpField const& field) {
        auto const read = as_variables_read(field.name);
        bool const is_in_head = std::any_of(head.begin(), head.end(),
            [&](HttpField const& other) { return as_variables_read(other.name) == read; });
        return is_in_head || is_forbidden(field.name);
    });
    return trailers;
}

std::string passable_announcement(std::string_view value)
{
    std::string names;
    for (auto const item : list_items(value)) {
        if (is_token(item) && !is_forbidden(item))
            names.append(names.empty() ? "" : ", ").append(item);
    }
    return names;
}

} // namespace osh::netproxy::proxy
