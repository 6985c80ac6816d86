#include "policy/convert/settings_keys.h"

#include <utility>

namespace osh::policy
{
namespace
{

constexpr std::string_view kMac = "means something on macOS only";
constexpr std::string_view kDirect = "osh connects to the servers itself, through no other proxy";
constexpr std::string_view kNoResign = "osh does not sign requests for AWS anew";

// clang-format off
constexpr SettingsKey kKeys[] = {
    {"enabled", Fate::Same, Setter::Any, Product::ClaudeCode, "osh always runs the agent in a sandbox", ""},
    {"failIfUnavailable", Fate::Same, Setter::Any, Product::ClaudeCode, "osh never starts without its boundary", ""},
    {"autoAllowBashIfSandboxed", Fate::Same, Setter::Any, Product::ClaudeCode, "the agent's own prompts stay in its settings", ""},
    {"allowUnsandboxedCommands", Fate::Lost, Setter::Any, Product::ClaudeCode, "osh lets no command out of the sandbox at the agent's wish", ""},
    {"excludedCommands", Fate::Entry, Setter::Any, Product::ClaudeCode, "osh runs no single command outside", "run it in a terminal of your own"},
    {"ignoreViolations", Fate::Lost, Setter::Any, Product::Both, "osh records every denial", "filter when you read: osh logs SESSION"},
    {"enableWeakerNestedSandbox", Fate::Lost, Setter::Any, Product::Both, "osh always mounts a /proc of its own", ""},
    {"allowNestedUserNamespaces", Fate::Use, Setter::Trusted, Product::ClaudeCode, "", ""},
    {"enableWeakerNetworkIsolation", Fate::Same, Setter::Any, Product::Both, kMac, ""},
    {"allowAppleEvents", Fate::Same, Setter::Trusted, Product::Both, kMac, ""},
    {"allowPty", Fate::Same, Setter::Any, Product::SandboxRuntime, "the agent has a terminal of its own", ""},
    {"ripgrep", Fate::Same, Setter::Trusted, Product::Both, "osh searches no files for what to hide", ""},
    {"bwrapPath", Fate::Same, Setter::Managed, Product::Both, "osh does not use bwrap", ""},
    {"socatPath", Fate::Same, Setter::Managed, Product::Both, "osh does not use socat", ""},
    {"windows", Fate::Same, Setter::Trusted, Product::Both, "means something on Windows only", ""},
    {"git", Fate::Lost, Setter::Any, Product::SandboxRuntime, "osh leaves git's settings alone", "set safe.directory in the git configuration of the sandbox"},
    {"filesystem", Fate::Group, Setter::Any, Product::Both, "", ""},
    {"filesystem.allowWrite", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"filesystem.denyWrite", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"filesystem.denyRead", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"filesystem.allowRead", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"filesystem.allowManagedReadPathsOnly", Fate::Use, Setter::Managed, Product::ClaudeCode, "", ""},
    {"filesystem.disabled", Fate::Lost, Setter::Trusted, Product::ClaudeCode, "osh always isolates the file system", "name what must be seen in allowRead"},
    {"filesystem.allowGitConfig", Fate::Lost, Setter::Any, Product::SandboxRuntime, "osh keeps .git/config and .git/hooks as they are", ""},
    {"filesystem.mandatoryDenySearchDepth", Fate::Same, Setter::Any, Product::SandboxRuntime, "osh protects by name, not by search", ""},
    {"network", Fate::Group, Setter::Any, Product::Both, "", ""},
    {"network.allowedDomains", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"network.deniedDomains", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"network.strictAllowlist", Fate::Use, Setter::Trusted, Product::ClaudeCode, "", ""},
    {"network.allowManagedDomainsOnly", Fate::Use, Setter::Managed, Product::ClaudeCode, "", ""},
    {"network.allowUnixSockets", Fate::Entry, Setter::Any, Product::Both, "host sockets are not lent by an import (Claude Code ignores this key on Linux too)", "if the program behind it may act for the agent: filesystem.write of the profile"},
    {"network.allowAllUnixSockets", Fate::Lost, Setter::Any, Product::Both, "sockets of the host are not visible inside; own ones work", ""},
    {"network.allowLocalBinding", Fate::Same, Setter::Any, Product::Both, "the sandbox has a loopback of its own, where it may listen", ""},
    {"network.allowMachLookup", Fate::Same, Setter::Any, Product::Both, kMac, ""},
    {"network.httpProxyPort", Fate::Lost, Setter::Any, Product::Both, kDirect, ""},
    {"network.socksProxyPort", Fate::Lost, Setter::Any, Product::Both, kDirect, ""},
    {"network.mitmProxy", Fate::Lost, Setter::Any, Product::SandboxRuntime, kDirect, ""},
    {"network.parentProxy", Fate::Lost, Setter::Any, Product::SandboxRuntime, kDirect, ""},
    {"network.tlsTerminate", Fate::Group, Setter::Trusted, Product::Both, "", ""},
    {"network.tlsTerminate.caCertPath", Fate::Lost, Setter::Trusted, Product::Both, "osh makes a certificate authority for each session", ""},
    {"network.tlsTerminate.caKeyPath", Fate::Lost, Setter::Trusted, Product::Both, "osh makes a certificate authority for each session", ""},
    {"network.tlsTerminate.excludeDomains", Fate::Same, Setter::Trusted, Product::SandboxRuntime, "imported hosts are not looked into", ""},
    {"network.tlsTerminate.extraCaCertPaths", Fate::Lost, Setter::Trusted, Product::SandboxRuntime, "osh trusts the host's certificate store", "add the certificate there"},
    {"network.tlsTerminate.maxTunnels", Fate::Same, Setter::Trusted, Product::SandboxRuntime, "osh has bounds of its own", ""},
    {"network.tlsTerminate.handshakeTimeoutMs", Fate::Same, Setter::Trusted, Product::SandboxRuntime, "osh has bounds of its own", ""},
    {"network.deniedDomainReasons", Fate::Lost, Setter::Any, Product::SandboxRuntime, "a policy has no place for reasons; the hosts stay denied", ""},
    {"network.deniedResolvedAddresses", Fate::Lost, Setter::Any, Product::SandboxRuntime, "a policy denies no address blocks; private and metadata addresses are refused anyway", "name the hosts in deniedDomains"},
    {"credentials", Fate::Group, Setter::Any, Product::Both, "", ""},
    {"credentials.files", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"credentials.envVars", Fate::Use, Setter::Any, Product::Both, "", ""},
    {"credentials.allowPlaintextInject", Fate::Lost, Setter::Trusted, Product::Both, "a secret without TLS is for you to allow", "plaintext = true of the [[credential]]"},
    {"credentials.awsPairs", Fate::Lost, Setter::Trusted, Product::Both, kNoResign, ""},
    {"credentials.sigv4", Fate::Lost, Setter::Trusted, Product::Both, kNoResign, ""},
};
// clang-format on

// Seen in the issue tracker of Claude Code.
constexpr std::pair<std::string_view, std::string_view> kMistakes[] = {
    {"network.allowedHosts", "network.allowedDomains"},
    {"network.allow", "network.allowedDomains"},
    {"network.allowedNetworkHosts", "network.allowedDomains"},
    {"network.allowHosts", "network.allowedDomains"},
    {"network.allowDomains", "network.allowedDomains"},
    {"network.deny", "network.deniedDomains"},
    {"network.deniedHosts", "network.deniedDomains"},
    {"network.denyDomains", "network.deniedDomains"},
    {"allowedDomains", "network.allowedDomains"},
    {"allowedHosts", "network.allowedDomains"},
    {"allowedNetworkHosts", "network.allowedDomains"},
    {"deniedDomains", "network.deniedDomains"},
    {"allowWrite", "filesystem.allowWrite"},
    {"denyRead", "filesystem.denyRead"},
    {"filesystem.write", "filesystem.allowWrite"},
    {"filesystem.read", "filesystem.allowRead"},
};

bool belongs(SettingsKey const& key, SettingsKind kind)
{
    return key.product == Product::Both
           || (key.product == Product::ClaudeCode) == (kind == SettingsKind::ClaudeCode);
}

} // namespace

SettingsKey const* find_settings_key(std::string_view path, SettingsKind kind)
{
    for (auto const& key : kKeys)
        if (key.path == path && belongs(key, kind))
            return &key;
    return nullptr;
}

std::vector<std::string_view> settings_keys_below(std::string_view group, SettingsKind kind)
{
    std::vector<std::string_view> out;
    for (auto const& key : kKeys) {
        if (!belongs(key, kind) || !key.path.starts_with(group))
            continue;
        std::string_view const rest = key.path.substr(group.size());
        if (rest.find('.') == std::string_view::npos)
            out.push_back(rest);
    }
    return out;
}

std::string_view meant_settings_key(std::string_view path)
{
    for (auto const& [wrong, meant] : kMistakes)
        if (wrong == path)
            return meant;
    return {};
}

bool is_trusted(SettingsScope scope)
{
    return scope != SettingsScope::Project && scope != SettingsScope::Local;
}

bool may_set(SettingsScope scope, Setter setter)
{
    switch (setter) {
    case Setter::Any: return true;
    case Setter::Trusted: return is_trusted(scope);
    case Setter::Managed: return scope == SettingsScope::Managed;
    }
    return false;
}

} // namespace osh::policy
