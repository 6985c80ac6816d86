// The decision about a connection: who, to which host, on which port.

#include "policy/base/text.h"
#include "policy/evaluate/alone.h"
#include "policy/evaluate/reachable.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

struct Found {
    Endpoint const* first = nullptr; // of the entry whose key comes first
    bool is_inspected = false;
    bool tls_skip = false;
    std::uint32_t max_body_bytes = 0;
};

void add(Found& found, Endpoint const& endpoint)
{
    if (!found.first || endpoint.entry < found.first->entry)
        found.first = &endpoint;
    found.tls_skip = found.tls_skip || endpoint.tls == TlsMode::Skip;
    if (!is_inspected(endpoint.protocol))
        return;
    found.is_inspected = true;
    std::uint32_t const limit = is_json_rpc_family(endpoint.protocol) ? endpoint.rpc_max_body_bytes
                                : endpoint.has_graphql_policy() ? endpoint.graphql_max_body_bytes
                                                                : 0;
    found.max_body_bytes = std::max(found.max_body_bytes, limit);
}

// Nobody may connect: because of the program, the port, or because nothing names the host.
Verdict refuse(CompiledNetwork const& network, ConnectQuestion const& question)
{
    Verdict verdict;
    std::string const host = shown(question.host, 80);
    LowerHost const lower(question.host);
    std::string misses;
    if (lower.is_usable() && question.transport == Transport::Tcp)
        network.for_each(lower.view(), question.port, [&](Endpoint const& endpoint) {
            NetworkEntry const& entry = network.entries()[endpoint.entry];
            verdict.code = DenyCode::WrongBinary;
            if (misses.empty() || endpoint.entry < network.entries().size())
                verdict.rule = origin_of(network, endpoint, endpoint.line);
            misses = fmt::format("binary '{}' not allowed in policy '{}'",
                shown(question.caller.binary, 120), shown(entry.key, 60));
        });
    if (!misses.empty())
        verdict.reason = std::move(misses);
    else if (network.entries().empty())
        verdict.reason = "network connections not allowed by policy";
    else
        verdict.reason =
            fmt::format("endpoint {}:{} is not allowed by any policy", host, question.port);
    return verdict;
}

} // namespace

LowerHost::LowerHost(std::string_view host)
{
    if (host.empty() || host.size() > buffer_.size() || host.find('\0') != std::string_view::npos
        || host.starts_with('.'))
        return;
    for (char c : host)
        buffer_[size_++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    is_usable_ = true;
}

bool admits(NetworkEntry const& entry, Caller const& caller)
{
    for (auto const& pattern : entry.binaries) {
        if (pattern.matches(caller.binary))
            return true;
        for (auto const& ancestor : caller.ancestors)
            if (pattern.matches(ancestor))
                return true;
    }
    return false;
}

RuleOrigin origin_of(CompiledNetwork const& network, Endpoint const& endpoint, std::uint32_t line)
{
    NetworkEntry const& entry = network.entries()[endpoint.entry];
    return {entry.key, entry.name, entry.file, line};
}

bool may_be_asked_for_alone(Policy const& policy, std::string_view name)
{
    LowerHost const host(name);
    return host.is_usable() && policy.network->has_name(host.view());
}

ConnectVerdict evaluate_alone(Policy const& policy, ConnectQuestion const& question)
{
    CompiledNetwork const& network = *policy.network;
    Found found;
    for_each_reachable(network, question, [&](Endpoint const& endpoint) { add(found, endpoint); });
    ConnectVerdict out;
    if (!found.first) {
        out.verdict = refuse(network, question);
        return out;
    }
    out.verdict.decision = Decision::Allow;
    out.verdict.code = DenyCode::None;
    out.verdict.rule = origin_of(network, *found.first, found.first->line);
    out.tls_skip = found.tls_skip;
    out.max_body_bytes = found.max_body_bytes;
    bool const must_look = std::ranges::any_of(network.middlewares(), [&](Middleware const& one) {
        return one.on_error == OnError::FailClosed && one.selects(LowerHost(question.host).view());
    });
    if ((found.is_inspected || must_look) && !found.tls_skip)
        out.inspection = Inspection::Terminate;
    return out;
}

} // namespace osh::policy
