#include "netproxy/core/settings.h"

#include <algorithm>

namespace osh::netproxy::core
{
namespace
{

WhenUnruled when_unruled(policy::Setup const& setup)
{
    if (setup.audit_all)
        return WhenUnruled::Audit;
    bool const asks = setup.approvals == "ask" || setup.approvals == "queue";
    return asks && setup.hold != "never" ? WhenUnruled::Ask : WhenUnruled::Deny;
}

TerminateTls terminate_tls(policy::Setup const& setup)
{
    if (setup.intercept == "all")
        return TerminateTls::Always;
    return setup.intercept == "none" ? TerminateTls::Never : TerminateTls::WhereNeeded;
}

} // namespace

Result<Settings> settings_from(policy::Setup const& setup)
{
    Settings settings;
    settings.profile = setup.profile;
    settings.network_off = setup.network_off;
    settings.when_unruled = when_unruled(setup);
    settings.terminate = terminate_tls(setup);
    // Node's fetch gives up after 300 s; a day is a bound against a broken message.
    settings.hold = std::chrono::seconds(std::clamp(setup.hold_seconds, 1u, 86'400u));
    settings.udp_by_policy = setup.udp_by_policy;
    settings.journals_requests = setup.journal_requests;
    settings.new_names = {setup.new_labels, setup.new_label_bytes};
    if (setup.dns_types.size() > policy::kMaxDnsOpenings)
        return fail(Errc::TooLarge, "network.dns_types has more than 256 entries");
    for (auto const& text : setup.dns_types) {
        LET(opening, policy::parse_dns_opening(text));
        settings.dns_openings.push_back(std::move(opening));
    }
    if (setup.passthrough.size() > kMaxPassthrough)
        return fail(Errc::TooLarge, "network.passthrough has more than 1024 entries");
    for (auto const& text : setup.passthrough) {
        LET(host, policy::parse_listed_host(text));
        settings.passthrough.push_back(std::move(host));
    }
    LET(https, policy::parse_proxy(setup.https_proxy));
    LET(http, policy::parse_proxy(setup.http_proxy));
    settings.proxies = {std::move(https), std::move(http), policy::NoProxy(setup.no_proxy)};
    return settings;
}

} // namespace osh::netproxy::core
