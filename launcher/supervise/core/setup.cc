#include "launcher/supervise/core/setup.h"

#include "launcher/supervise/core/desk.h"
#include "policy/base/ip_address.h"
#include "policy/base/text.h"

namespace osh::launcher
{
namespace
{

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
    return setup;
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
    if (found.empty())
        found.push_back("127.0.0.1");
    return found;
}

} // namespace osh::launcher
