#include "launcher/cli/session_overrides.h"

#include "policy/base/text.h"
#include "policy/compile/profile_units.h"
#include "policy/model/added_host.h"
#include "policy/model/publish.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::Profile;

Result<> override_approvals(ParsedOptions const& options, Profile& profile)
{
    if (options.has("approvals")) {
        std::string const mode = options.last("approvals");
        if (mode == "ask")
            profile.approvals.mode = policy::ApprovalMode::Ask;
        else if (mode == "queue")
            profile.approvals.mode = policy::ApprovalMode::Queue;
        else if (mode == "deny")
            profile.approvals.mode = policy::ApprovalMode::Deny;
        else
            return fail(Errc::Invalid,
                fmt::format("--approvals {}: write ask, queue or deny", in_quotes(mode)));
    }
    if (options.has("approval-timeout")) {
        std::string const text = options.last("approval-timeout");
        auto const duration = policy::parse_duration(text);
        if (!duration || *duration <= 0s)
            return fail(
                Errc::Invalid, fmt::format("--approval-timeout {}: write a duration such as 30s",
                                   in_quotes(text)));
        profile.approvals.timeout = *duration;
    }
    return {};
}

Result<> override_environment(ParsedOptions const& options, Profile& profile)
{
    for (auto const& flag : options.all("env")) {
        auto const equals = flag.find('=');
        std::string const name = flag.substr(0, equals);
        if (name.empty())
            return fail(
                Errc::Invalid, fmt::format("--env {}: write NAME or NAME=VALUE", in_quotes(flag)));
        if (equals == std::string::npos)
            profile.env.allow.push_back(name);
        else
            profile.env.set[name] = flag.substr(equals + 1);
    }
    for (auto const& name : options.all("unset")) {
        profile.env.set.erase(name);
        std::erase(profile.env.allow, name);
        profile.env.deny.push_back(name);
    }
    return {};
}

Result<> override_credentials(ParsedOptions const& options, Profile& profile)
{
    for (auto const& name : options.all("no-credential")) {
        auto const removed = std::erase_if(profile.credentials,
            [&](auto const& credential) { return name == "all" || credential.name == name; });
        if (removed == 0 && name != "all")
            return fail(
                Errc::NotFound, fmt::format("--no-credential {}: the profile has none of this name",
                                    in_quotes(name)));
    }
    return {};
}

Result<> override_report(ParsedOptions const& options, Profile& profile)
{
    if (!options.has("report"))
        return {};
    std::string const kind = options.last("report");
    if (kind == "none")
        profile.audit.report = policy::ReportKind::None;
    else if (kind == "short")
        profile.audit.report = policy::ReportKind::Short;
    else if (kind == "full")
        profile.audit.report = policy::ReportKind::Full;
    else if (kind != "json" && !kind.starts_with("json="))
        return fail(
            Errc::Invalid, fmt::format("--report {}: write none, short, full, json or json=FILE",
                               in_quotes(kind)));
    return {};
}

Result<> override_layers(ParsedOptions const& options, Profile& profile)
{
    for (auto const& flag : options.all("allow-weaker"))
        for (auto const feature : split(flag, ',')) {
            if (feature != "landlock")
                return fail(
                    Errc::Invalid, fmt::format("--allow-weaker {}: only landlock can be missing",
                                       in_quotes(feature)));
            profile.optional_layers.emplace_back(feature);
            profile.unsafe_notes.push_back("landlock may be missing (--allow-weaker)");
        }
    return {};
}

Result<> override_project(ParsedOptions const& options, Profile& profile)
{
    if (options.has("ro") && options.has("overlay"))
        return fail(Errc::Invalid, "--ro and --overlay: the project is either read-only or written "
                                   "aside");
    if (options.has("ro"))
        profile.filesystem.project = policy::ProjectAccess::ReadOnly;
    if (options.has("overlay"))
        profile.filesystem.project = policy::ProjectAccess::Overlay;
    return {};
}

} // namespace

Result<> apply_overrides(ParsedOptions const& options, Profile& profile)
{
    for (auto const& path : options.all("read"))
        profile.filesystem.read.push_back(path);
    for (auto const& path : options.all("write"))
        profile.filesystem.write.push_back(path);
    for (auto const& text : options.all("publish")) {
        if (auto const spec = policy::parse_publish(text); !spec.ok())
            return fail(Errc::Invalid, "--publish " + spec.error().sentence);
        profile.network.publish.push_back(text);
    }
    for (auto const& text : options.all("add-host")) {
        if (auto const host = policy::parse_added_host(text); !host.ok())
            return fail(Errc::Invalid, "--add-host " + host.error().sentence);
        profile.network.hosts.push_back(text);
    }
    if (options.has("offline"))
        profile.network.mode = policy::NetworkMode::Off;
    TRY(override_project(options, profile));
    TRY(override_environment(options, profile));
    TRY(override_credentials(options, profile));
    TRY(override_report(options, profile));
    TRY(override_layers(options, profile));
    return override_approvals(options, profile);
}

} // namespace osh::cli
