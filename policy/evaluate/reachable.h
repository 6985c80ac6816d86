#pragma once
// Which endpoints a connection meets: host, port and caller together. The first step of every
// decision; does not allocate.

#include "policy/compile/network_index.h"
#include "policy/evaluate/question.h"
#include "policy/model/host_service.h"

#include <array>
#include <string_view>

namespace osh::policy
{

// RFC 1035 §2.3.4; an IPv6 literal is shorter.
constexpr std::size_t kLongestHost = 255;

// A host in lower case on the stack. A longer one, or one with a NUL, is no host.
class LowerHost
{
public:
    explicit LowerHost(std::string_view host);
    bool is_usable() const { return is_usable_; }
    std::string_view view() const { return {buffer_.data(), size_}; }

private:
    std::array<char, kLongestHost> buffer_;
    std::size_t size_ = 0;
    bool is_usable_ = false;
};

bool admits(NetworkEntry const& entry, Caller const& caller);

// A datagram carries no request that could be judged and no name that could be checked: only an
// endpoint that speaks of the connection alone, without any protocol, admits it.
inline bool carries(Endpoint const& endpoint, Transport transport)
{
    return transport == Transport::Tcp || endpoint.protocol == Protocol::None;
}

// The host's own services are opened by an endpoint that names them, for connections only.
inline bool opens_host_service(Endpoint const& endpoint, Transport transport)
{
    return transport == Transport::Tcp && !endpoint.has_wildcard && !endpoint.host.empty();
}

// visit(Endpoint const&) for each endpoint of each entry that names host, port and caller.
template<typename Visit>
void for_each_reachable(
    CompiledNetwork const& network, ConnectQuestion const& question, Visit&& visit)
{
    LowerHost const host(question.host);
    if (!host.is_usable())
        return;
    bool const is_host = is_host_service_name(host.view());
    network.for_each(host.view(), question.port, [&](Endpoint const& endpoint) {
        if (is_host && !opens_host_service(endpoint, question.transport))
            return;
        if (carries(endpoint, question.transport)
            && admits(network.entries()[endpoint.entry], question.caller))
            visit(endpoint);
    });
}

RuleOrigin origin_of(CompiledNetwork const& network, Endpoint const& endpoint, std::uint32_t line);

} // namespace osh::policy
