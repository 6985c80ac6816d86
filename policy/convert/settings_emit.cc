// What was collected, written as a policy and a profile. Both are read again by osh's own
// compilers in the tests, so nothing here is taken on trust.

#include "policy/base/text.h"
#include "policy/convert/settings_collect.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

namespace osh::policy
{
namespace
{

constexpr std::string_view kProject = "$PROJECT/";

std::string ports_of(ImportedHost const& host)
{
    std::string out;
    for (auto port : host.ports)
        out += fmt::format("{}{}", out.empty() ? "" : ", ", port);
    return out;
}

std::vector<ImportedHost> unique_hosts(std::vector<HostEntry> const& entries)
{
    std::map<std::string, std::set<std::uint16_t>> ports;
    for (auto const& entry : entries)
        ports[entry.host.host].insert(entry.host.ports.begin(), entry.host.ports.end());
    std::vector<ImportedHost> out;
    for (auto const& [host, numbers] : ports)
        out.push_back({host, {numbers.begin(), numbers.end()}});
    return out;
}

std::vector<std::string> unique_paths(std::vector<PathEntry> const& entries)
{
    std::set<std::string> out;
    for (auto const& entry : entries)
        out.insert(entry.path);
    return {out.begin(), out.end()};
}

std::string toml_list(std::string_view key, std::vector<std::string> const& values)
{
    if (values.empty())
        return {};
    std::string out;
    for (auto const& value : values)
        out += (out.empty() ? "" : ", ") + json_quoted(value);
    return fmt::format("{} = [{}]\n", key, out);
}

bool lies_in_project(std::string_view path)
{
    return path.starts_with(kProject);
}

std::string filesystem(CollectedSettings const& settings)
{
    std::vector<std::string> protect;
    for (auto const& path : unique_paths(settings.deny_write)) {
        if (lies_in_project(path) && path.find_first_of("*?[") == std::string::npos)
            protect.push_back(path.substr(kProject.size()));
    }
    std::vector<PathEntry> write = settings.write;
    std::erase_if(write, [&](PathEntry const& entry) {
        bool const is_project = entry.path == "$PROJECT" || lies_in_project(entry.path);
        return entry.path == "$PROJECT" || (is_project && settings.project_writable);
    });
    std::vector<PathEntry> read = settings.read;
    std::erase_if(read, [](PathEntry const& entry) {
        return entry.path == "$PROJECT" || lies_in_project(entry.path);
    });
    std::string const body =
        toml_list("read", unique_paths(read)) + toml_list("write", unique_paths(write))
        + toml_list("deny", unique_paths(settings.deny_read)) + toml_list("protect", protect);
    std::string const project = settings.project_writable ? "" : "project = \"ro\"\n";
    return body.empty() && project.empty() ? "" : "\n[filesystem]\n" + project + body;
}

std::string environment(CollectedSettings const& settings)
{
    std::string set;
    for (auto const& [name, value] : settings.env_set)
        set += fmt::format("{}{} = {}", set.empty() ? "" : ", ", name, json_quoted(value));
    std::string const body = toml_list("deny", settings.env_deny)
                             + (set.empty() ? "" : fmt::format("set = {{ {} }}\n", set));
    return body.empty() ? "" : "\n[env]\n" + body;
}

std::vector<std::string> hosts_of(MaskedVariable const& masked, CollectedSettings const& settings)
{
    std::set<std::string> out;
    for (auto const& host : masked.hosts)
        if (auto const result = imported_host(host); result.host)
            out.insert(result.host->host);
    if (masked.hosts.empty())
        for (auto const& entry : settings.allow)
            out.insert(entry.host.host);
    return {out.begin(), out.end()};
}

// The proxy puts the value where the stand-in is seen, on these hosts only.
std::string credential(MaskedVariable const& masked, CollectedSettings const& settings)
{
    std::string attach;
    for (auto const& host : hosts_of(masked, settings)) {
        if (host.find('*') == std::string::npos)
            attach += fmt::format("    {{ kind = \"bearer\", host = {} }},\n", json_quoted(host));
        else
            masked.place.findings->warning(masked.place.span, "not-honoured",
                {fmt::format("{} is not lent to {}: a credential names exact hosts",
                    shown(masked.name, 60), in_quotes(host, 80))});
    }
    if (attach.empty()) {
        masked.place.findings->warning(masked.place.span, "not-honoured",
            {fmt::format("{} is lost: no exact host may get it", shown(masked.name, 60)), "",
                "write injectHosts"});
        return {};
    }
    return fmt::format("\n[[credential]]\nname = {}\nsource = {}\nattach = [\n{}]\n"
                       "env = [{{ name = {} }}]\nattach_mode = \"replace-only\"\noptional = true\n",
        json_quoted(to_lower_ascii(masked.name)), json_quoted("env:" + masked.name), attach,
        json_quoted(masked.name));
}

void report_unprotected(CollectedSettings const& settings)
{
    for (auto const& entry : settings.deny_write) {
        bool const is_pattern = entry.path.find_first_of("*?[") != std::string::npos;
        bool const is_granted = std::ranges::any_of(settings.write, [&](PathEntry const& grant) {
            return grant.path != "$PROJECT" && is_at_or_below_path(entry.path, grant.path);
        });
        bool const in_project = lies_in_project(entry.path);
        if (is_pattern && in_project)
            entry.place.findings->warning(entry.place.span, "not-honoured",
                {"this is lost: a profile protects named files, no patterns"});
        else if (is_granted && !in_project)
            entry.place.findings->warning(entry.place.span, "not-honoured",
                {"this is lost: a profile protects places in the project only", "",
                    "grant narrower folders in allowWrite"});
    }
}

} // namespace

std::string settings_policy(CollectedSettings const& settings, std::string const& origin)
{
    std::string out = fmt::format("# Imported from {}.\nversion: 1\n", origin);
    auto const denied = unique_hosts(settings.deny);
    auto const allowed = unique_hosts(settings.allow);
    if (!allowed.empty() || !denied.empty())
        out += "network_policies:\n";
    if (!allowed.empty()) {
        out += "  imported_allow:\n    name: imported-allow\n    endpoints:\n";
        for (auto const& host : allowed)
            out += fmt::format(
                "      - {{host: {}, ports: [{}]}}\n", json_quoted(host.host), ports_of(host));
        out += "    binaries: [{path: \"/**\"}]\n";
    }
    if (denied.empty())
        return out;
    // A deny rule beats every other rule for the host; it needs something to take from.
    out += "  imported_deny:\n    name: imported-deny\n    endpoints:\n";
    for (auto const& host : denied)
        out += fmt::format("      - host: {}\n        ports: [{}]\n        protocol: rest\n"
                           "        enforcement: enforce\n        access: full\n"
                           "        deny_rules: [{{method: \"*\", path: \"**\"}}]\n",
            json_quoted(host.host), ports_of(host));
    return out + "    binaries: [{path: \"/**\"}]\n";
}

std::string settings_profile(
    CollectedSettings const& settings, ImportOptions const& options, std::string const& origin)
{
    report_unprotected(settings);
    std::string out = fmt::format("# Imported from {}.\nversion = 1\nname = {}\n"
                                  "extends = [\"strict\"]\n\n[policy]\nfile = {}\n",
        origin, json_quoted(options.profile_name), json_quoted(options.policy_file));
    out += filesystem(settings);
    out += environment(settings);
    out +=
        fmt::format("\n[approvals]\nmode = \"{}\"\n", settings.asks_unknown_hosts ? "ask" : "deny");
    if (settings.nested_sandbox)
        out += "\n[sandbox]\nnested = \"allow\"\n";
    for (auto const& masked : settings.masked)
        out += credential(masked, settings);
    return out;
}

} // namespace osh::policy
