#pragma once
// The words that profiles use for choices, once for reading and for printing. A table.

#include "policy/compile/profile_reader.h"
#include "policy/model/profile.h"

namespace osh::policy
{

inline Words<ProjectAccess> const kProjectWords{{"rw", ProjectAccess::ReadWrite},
    {"ro", ProjectAccess::ReadOnly}, {"overlay", ProjectAccess::Overlay},
    {"none", ProjectAccess::None}};
inline Words<HomeKind> const kHomeWords{{"private", HomeKind::Private}, {"none", HomeKind::None}};
inline Words<bool> const kTmpWords{{"private", false}, {"shared", true}};
inline Words<EnvInherit> const kInheritWords{
    {"none", EnvInherit::None}, {"safe", EnvInherit::Safe}, {"all", EnvInherit::All}};
inline Words<NetworkMode> const kNetworkWords{
    {"policy", NetworkMode::Policy}, {"off", NetworkMode::Off}, {"audit", NetworkMode::Audit}};
inline Words<HoldStage> const kHoldWords{{"head", HoldStage::Head}, {"hello", HoldStage::Hello},
    {"connect", HoldStage::Connect}, {"never", HoldStage::Never}};
inline Words<Intercept> const kInterceptWords{
    {"needed", Intercept::Needed}, {"all", Intercept::All}, {"none", Intercept::None}};
inline Words<UdpMode> const kUdpWords{{"deny", UdpMode::Deny}, {"policy", UdpMode::Policy}};
inline Words<bool> const kProxyWords{{"environment", true}, {"none", false}};
inline Words<ListenMode> const kListenWords{{"none", ListenMode::None},
    {"loopback", ListenMode::Loopback}, {"publish", ListenMode::Publish}};
inline Words<ApprovalMode> const kApprovalWords{
    {"ask", ApprovalMode::Ask}, {"queue", ApprovalMode::Queue}, {"deny", ApprovalMode::Deny}};
inline Words<ApprovalMode> const kUnattendedWords{
    {"deny", ApprovalMode::Deny}, {"queue", ApprovalMode::Queue}};
inline Words<GrantScope> const kScopeWords{
    {"once", GrantScope::Once}, {"session", GrantScope::Session}, {"always", GrantScope::Always}};
inline Words<bool> const kWidenWords{{"none", false}, {"subdomain", true}};
inline Words<CredentialConsent> const kConsentWords{{"ask", CredentialConsent::Ask},
    {"allow", CredentialConsent::Allow}, {"deny", CredentialConsent::Deny}};
inline Words<BinaryMatch> const kBinaryWords{{"path", BinaryMatch::Path},
    {"path+hash", BinaryMatch::PathAndHash}, {"script", BinaryMatch::Script}};
inline Words<bool> const kEnforcementWords{{"enforce", true}, {"audit", false}};
inline Words<JournalDetail> const kJournalWords{{"off", JournalDetail::Off},
    {"decisions", JournalDetail::Decisions}, {"requests", JournalDetail::Requests}};
inline Words<ReportKind> const kReportWords{
    {"none", ReportKind::None}, {"short", ReportKind::Short}, {"full", ReportKind::Full}};
inline Words<std::string> const kPathWords{{"keep", "keep"}, {"hash", "hash"}, {"drop", "drop"}};
inline Words<ProjectOverlay> const kOverlayWords{{"ignore", ProjectOverlay::Ignore},
    {"narrow", ProjectOverlay::Narrow}, {"trust", ProjectOverlay::Trust}};
inline Words<bool> const kInnerSandboxWords{{"off", true}, {"keep", false}};
inline Words<bool> const kNestedWords{{"deny", false}, {"allow", true}};
inline Words<AttachMode> const kAttachModeWords{{"fill", AttachMode::Fill},
    {"replace-only", AttachMode::ReplaceOnly}, {"force", AttachMode::Force}};
inline Words<bool> const kResponseWords{{"scrub", true}, {"off", false}};

// The word of a value; the first one of the table if none fits.
template<typename E>
std::string_view word_of(Words<E> const& words, E const& value)
{
    for (auto const& [name, candidate] : words)
        if (candidate == value)
            return name;
    return words.front().first;
}

} // namespace osh::policy
