// DNS questions of the agent, answered here and never forwarded (security design H10): a name that
// some rule could allow, or that a person could be asked about, gets a synthetic address; any other
// name does not exist.

#include "netproxy/core/core.h"
#include "netproxy/core/forbidden_names.h"
#include "policy/base/text.h"
#include "policy/model/host_service.h"

#include <charconv>

namespace osh::netproxy::core
{
namespace
{

constexpr std::uint16_t kA = 1, kPtr = 12, kAaaa = 28, kSvcb = 64, kHttps = 65;
constexpr std::string_view kReverseV4 = ".in-addr.arpa", kReverseV6 = ".ip6.arpa";

std::optional<IpAddress> address_in_reverse_v4(std::string_view name)
{
    auto const labels = split(name, '.');
    if (labels.size() != 4)
        return std::nullopt;
    std::string text;
    for (std::size_t i = 4; i-- > 0;)
        text += std::string(labels[i]) + (i == 0 ? "" : ".");
    return IpAddress::parse(text);
}

std::optional<IpAddress> address_in_reverse_v6(std::string_view name)
{
    auto const labels = split(name, '.');
    if (labels.size() != 32)
        return std::nullopt;
    std::string text;
    for (std::size_t i = 32; i-- > 0;) {
        if (labels[i].size() != 1)
            return std::nullopt;
        text += labels[i];
        if (i % 4 == 0 && i != 0)
            text += ':';
    }
    return IpAddress::parse(text);
}

std::optional<IpAddress> address_in_reverse(std::string_view name)
{
    if (name.ends_with(kReverseV4))
        return address_in_reverse_v4(name.substr(0, name.size() - kReverseV4.size()));
    if (name.ends_with(kReverseV6))
        return address_in_reverse_v6(name.substr(0, name.size() - kReverseV6.size()));
    return std::nullopt;
}

} // namespace

void Core::asked(stack::DnsAsked const& event)
{
    using stack::DnsReply;
    if (event.type == kPtr) {
        asked_reverse(event);
        return;
    }
    // Nobody is ever asked about this machine's own services: only a rule makes the name exist.
    bool const is_open_to_all =
        settings_.when_unruled != WhenUnruled::Deny && !policy::is_host_service_name(event.name);
    bool const is_known = !settings_.network_off && !is_forbidden_name(event.name)
                          && (is_open_to_all || policy::may_be_asked_for(*policy_, event.name));
    if (!is_known) {
        policy::Decided line;
        line.kind = "dns";
        line.decision = "deny";
        line.code = is_forbidden_name(event.name) ? "hard_denied" : "no_rule";
        line.target.host = event.name;
        journal_.decided(std::move(line), at_.now);
        parts_.agent.answer_dns(event.question, DnsReply::NameError, {}, 0);
        return;
    }
    if (event.type != kA && event.type != kAaaa) {
        // HTTPS and SVCB: there are none, go on with A. All else only the zone's owner could say.
        bool const is_service = event.type == kHttps || event.type == kSvcb;
        parts_.agent.answer_dns(
            event.question, is_service ? DnsReply::NoData : DnsReply::Refused, {}, 0);
        return;
    }
    auto const addresses = parts_.names.addresses_for(event.name, at_.now);
    if (!addresses)
        parts_.agent.answer_dns(event.question, DnsReply::ServerFailure, {}, 0);
    else
        parts_.agent.answer_dns(event.question, DnsReply::Address,
            event.type == kA ? addresses->v4 : addresses->v6, addresses->ttl_seconds);
}

void Core::asked_reverse(stack::DnsAsked const& event)
{
    auto const address = address_in_reverse(event.name);
    auto const name = address ? parts_.names.name_of(*address, at_.now) : std::string_view{};
    if (name.empty())
        parts_.agent.answer_dns(event.question, stack::DnsReply::NameError, {}, 0);
    else
        parts_.agent.answer_dns_name(event.question, name);
}

} // namespace osh::netproxy::core
