#pragma once
// The person's own HTTP proxy, as HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name it, for
// connections that osh-netproxy makes: text to value and the choice for one target. Follows curl(1)
// where the variables are described; the tunnel itself is RFC 9110 section 9.3.6.

#include "policy/base/ip_address.h"
#include "policy/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

struct UpstreamProxy {
    std::string host; // lower case; an address without brackets
    std::uint16_t port = 0;
    std::string authorization; // "Basic …", a secret; "" without a user in the URL
};

// "http://user:password@host:port/" or "host:port"; "" is none. The error's sentence never holds
// the text: it may contain a password.
Result<std::optional<UpstreamProxy>> parse_proxy(std::string_view text);

// NO_PROXY: names (their subdomains too), ".name", addresses, CIDR blocks, "*", each with ":port".
class NoProxy
{
public:
    NoProxy() = default;
    explicit NoProxy(std::string_view text);
    // `host`: lower case, a name or an address in text.
    bool covers(std::string_view host, std::uint16_t port) const;

private:
    struct Entry {
        std::string name; // without a leading dot; "" with a block
        std::optional<AddressBlock> block;
        std::uint16_t port = 0; // 0: any
    };
    std::vector<Entry> entries_;
    bool is_everything_ = false;
};

struct UpstreamProxies {
    std::optional<UpstreamProxy> https, http; // http: for port 80
    NoProxy except;

    // Null: go directly.
    UpstreamProxy const* for_target(std::string_view host, std::uint16_t port) const;
};

} // namespace osh::policy
