#include "launcher/supervise/core/setup.h"

#include "launcher/supervise/core/desk.h"
#include "policy/base/ip_address.h"
#include "policy/base/text.h"
#include "policy/model/added_host.h"
#include "policy/model/upstream_proxy.h"

#include <algorithm>
#include <set>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxNoProxy = 16 * 1024;

std::string_view hold_word(policy::HoldStage stage)
{
    switch (stage) {
    case policy::HoldStage::Head: return "head";
    case policy::HoldStage::Hello: return "hello";
    case policy::HoldStage::Connect: return "connect";
    case policy::HoldStage::Never: break;
    }
    return "never";
}

std::string_view intercept_word(policy::Intercept intercept)
{
    switch (intercept) {
    case policy::Intercept::All: return "all";
    case policy::Intercept::None: return "none";
    case policy::Intercept::Needed: break;
    }
    return "needed";
}

std::string_view approval_word(policy::ApprovalMode mode)
{
    switch (mode) {
    case policy::ApprovalMode::Ask: return "ask";
    case policy::ApprovalMode::Queue: return "queue";
    case policy::ApprovalMode::Deny: break;
    }
    return "deny";
}

} // namespace

policy::Setup setup_for(policy::Profile const& profile, std::string const& session)
{
    policy::Setup setup;
    setup.session = session;
    setup.profile = profile.name;
    setup.network_off = profile.network.mode == policy::NetworkMode::Off;
    setup.audit_all = profile.network.mode == policy::NetworkMode::Audit;
    setup.default_enforce = profile.policy.default_enforce;
    setup.hold = hold_word(profile.network.hold);
    setup.intercept = intercept_word(profile.network.intercept);
    setup.approvals = approval_word(profile.approvals.mode);
    setup.hold_seconds =
        static_cast<std::uint32_t>(std::min(profile.approvals.timeout, kMaxHold) / 1s);
    setup.udp_by_policy = profile.network.udp == policy::UdpMode::Policy;
    setup.journal_requests = profile.audit.journal == policy::JournalDetail::Requests;
    setup.new_labels = profile.network.new_labels;
    setup.new_label_bytes = profile.network.new_label_bytes;
    setup.dns_types = profile.network.dns_types;
    setup.passthrough = profile.network.passthrough;
    return setup;
}

Result<> add_proxies(policy::Setup& setup, std::map<std::string, std::string> const& environment)
{
    auto const first_of = [&](std::initializer_list<char const*> names,
                              std::string& into) -> Result<> {
        for (auto const* name : names) {
            auto const found = environment.find(name);
            if (found == environment.end() || trimmed(found->second).empty())
                continue;
            if (auto const proxy = policy::parse_proxy(found->second); !proxy.ok())
                return fail(Errc::Invalid, std::string(name) + ": " + proxy.error().sentence);
            into = found->second;
            return {};
        }
        return {};
    };
    TRY(first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, setup.https_proxy));
    TRY(first_of({"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}, setup.http_proxy));
    for (auto const* name : {"no_proxy", "NO_PROXY"})
        if (auto const found = environment.find(name);
            setup.no_proxy.empty() && found != environment.end())
            setup.no_proxy = found->second;
    if (setup.no_proxy.size() > kMaxNoProxy)
        return fail(Errc::TooLarge, "NO_PROXY is longer than 16 KiB");
    return {};
}

std::string hosts_with(std::vector<std::string> const& added, std::string_view hosts)
{
    if (added.empty())
        return std::string(hosts);
    std::string out;
    std::set<std::string> replaced;
    for (auto const& text : added)
        if (auto const host = policy::parse_added_host(text); host.ok()) {
            out += host->address.text() + " " + host->name + "\n";
            replaced.insert(host->name);
        }
    for (auto const line : split(hosts, '\n')) {
        std::string kept, address;
        std::string words(line.substr(0, line.find('#')));
        std::ranges::replace(words, '\t', ' ');
        for (auto const word : split(words, ' ')) {
            if (trimmed(word).empty())
                continue;
            if (address.empty())
                address = trimmed(word);
            else if (!replaced.contains(to_lower_ascii(trimmed(word))))
                kept += " " + std::string(trimmed(word));
        }
        if (!kept.empty())
            out += address + kept + "\n";
    }
    return out;
}

std::vector<std::string> resolvers_in(std::string_view resolv_conf)
{
    std::vector<std::string> found;
    for (auto const line : split(resolv_conf, '\n')) {
        std::string_view rest = trimmed(line);
        constexpr std::string_view kWord = "nameserver";
        if (!rest.starts_with(kWord) || rest.size() == kWord.size()
            || (rest[kWord.size()] != ' ' && rest[kWord.size()] != '\t'))
            continue;
        rest = trimmed(rest.substr(kWord.size()));
        rest = rest.substr(0, rest.find_first_of(" \t#;%")); // a zone is not an address
        if (auto const address = IpAddress::parse(rest); address && found.size() < kMaxResolvers)
            found.push_back(address->text());
    }
    return found;
}

} // namespace osh::launcher
