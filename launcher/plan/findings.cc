#include "launcher/plan/findings.h"

#include "launcher/plan/plan.h"
#include "launcher/plan/start_errors.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr int kNewestKnownAbi = 9;

struct Cut {
    std::string what, fix;
};

// "what failed\nfix: …\nhelp: …" as the start errors are written.
Cut cut(std::string const& paragraph)
{
    std::size_t const fix = paragraph.find("\nfix: ");
    std::size_t const help = paragraph.find("\nhelp: ");
    if (fix == std::string::npos)
        return {paragraph, {}};
    std::size_t const begin = fix + std::string_view("\nfix: ").size();
    return {paragraph.substr(0, fix), paragraph.substr(begin, help - begin)};
}

Finding missing(std::string name, std::string const& paragraph)
{
    Cut parts = cut(paragraph);
    return {std::move(name), Health::Missing, std::move(parts.what), std::move(parts.fix)};
}

Finding landlock_finding(HostFacts const& facts)
{
    if (facts.landlock_abi <= 0) {
        Plan needs;
        needs.has_network = false;
        for (auto const& error : host_errors(facts, needs))
            if (error.sentence.find("Landlock") != std::string::npos)
                return missing("landlock", error.sentence);
    }
    std::string value = fmt::format("ABI {}", facts.landlock_abi);
    if (facts.landlock_errata != 0)
        value += fmt::format(", errata fixed: {:#x}", facts.landlock_errata);
    if (facts.landlock_abi < 3)
        return {"landlock", Health::Weaker, value,
            "a newer kernel adds rights (truncate from 6.2, devices from 6.10, scopes from 6.12)"};
    return {"landlock", Health::Good,
        facts.landlock_abi < kNewestKnownAbi
            ? value + " (newer kernels close local sockets that appear later, 7.1)"
            : value,
        {}};
}

// Sessions start without it, but for profiles that want an overlay.
Finding overlay_finding(HostFacts const& facts)
{
    if (facts.overlay_problem.empty() && facts.overlay_place.empty())
        return {"overlay", Health::Weaker, "not tried: it needs user namespaces", {}};
    if (facts.overlay_problem.empty())
        return {
            "overlay", Health::Good, fmt::format("works on {} (tried)", facts.overlay_place), {}};
    Finding finding = missing("overlay", facts.overlay_problem);
    finding.health = Health::Weaker;
    return finding;
}

Finding resource_finding(HostFacts const& facts)
{
    auto const group = plan_group({}, facts);
    if (facts.group_place.can_limit("memory") && facts.group_place.can_limit("pids"))
        return {"resources", Health::Good, group.text, {}};
    return {"resources", Health::Weaker, group.text,
        "start osh from a session of systemd (a terminal of the desktop, or `systemd-run --user "
        "--scope osh run …`), where the user may make control groups: the memory of the sandbox is "
        "then limited as a whole. Processes, open files and private file systems are limited in "
        "any case"};
}

Finding bundle_finding(HostFacts const& facts)
{
    if (facts.trust_bundle.empty())
        return {"trust-bundle", Health::Weaker, "none found",
            "install the package ca-certificates: without it no HTTPS server can be verified"};
    auto const chosen = facts.environment.find("SSL_CERT_FILE");
    auto const& used = facts.trust_parts.empty() ? facts.trust_bundle : facts.trust_parts.front();
    if (chosen != facts.environment.end() && chosen->second != used)
        return {"trust-bundle", Health::Weaker, facts.trust_bundle,
            "SSL_CERT_FILE names " + chosen->second
                + ", which is not there, no absolute path, or where the agent may write: the "
                  "machine's bundle is used"};
    return {"trust-bundle", Health::Good, facts.trust_bundle, {}};
}

// What of it programs find inside: docs/trust.md.
Finding stores_finding(HostFacts const& facts)
{
    std::string text = "bundle, hashed directory, policies of Chromium and Firefox";
    if (facts.has_java)
        text += fmt::format(
            ", Java's key store ({} of their own are covered)", facts.java_stores.size());
    return {"trust-stores", Health::Good,
        text + "; not NSS's database of the home (older Chromium, Electron)", {}};
}

Finding person_finding(HostFacts const& facts)
{
    if (facts.uid != 0)
        return {"user", Health::Good, fmt::format("{} ({})", facts.user_name, facts.uid), {}};
    return {"user", Health::Weaker, "root",
        "use an ordinary account: files of root are then guarded by their owner as well"};
}

Finding helper_finding(HostFacts const& facts, std::string const& helper)
{
    auto const& known = facts.existing_paths;
    std::string const path = facts.libexec + "/" + helper;
    if (std::find(known.begin(), known.end(), path) != known.end())
        return {helper, Health::Good, path, {}};
    return {helper, Health::Missing, fmt::format("{} is not there", path),
        "install osh as a whole: bin/osh, libexec/osh and share/osh belong together"};
}

} // namespace

std::vector<Finding> findings(HostFacts const& facts)
{
    std::vector<Finding> all;
    all.push_back({"kernel", Health::Good, facts.kernel_release, {}});
    for (auto& finding : machine_findings(facts))
        all.push_back(std::move(finding));
    all.push_back(person_finding(facts));
    all.push_back(facts.has_user_namespaces
                      ? Finding{"user-namespaces", Health::Good, "work (tried)", {}}
                      : missing("user-namespaces", facts.user_namespace_problem));
    all.push_back(facts.has_tun ? Finding{"tun", Health::Good, "/dev/net/tun opens", {}}
                                : missing("tun", facts.tun_problem));
    all.push_back(landlock_finding(facts));
    all.push_back(facts.has_cgroup_namespace
                      ? Finding{"cgroup-namespace", Health::Good, "present", {}}
                      : Finding{"cgroup-namespace", Health::Weaker, "absent",
                          "a kernel with CONFIG_CGROUPS hides the names of the host's groups"});
    all.push_back(overlay_finding(facts));
    all.push_back(bundle_finding(facts));
    all.push_back(stores_finding(facts));
    all.push_back(resource_finding(facts));
    all.push_back(helper_finding(facts, "osh-init"));
    all.push_back(helper_finding(facts, "osh-netproxy"));
    return all;
}

bool is_ready(std::vector<Finding> const& findings)
{
    return std::none_of(findings.begin(), findings.end(),
        [](Finding const& finding) { return finding.health == Health::Missing; });
}

std::string describe(std::vector<Finding> const& findings)
{
    std::string out;
    for (auto const& finding : findings) {
        char const* word = finding.health == Health::Good     ? "ok"
                           : finding.health == Health::Weaker ? "weaker"
                                                              : "MISSING";
        out += fmt::format("{:<8} {:<17} {}\n", word, finding.name, shown(finding.value, 300));
        if (!finding.fix.empty())
            out += fmt::format("{:<26} fix: {}\n", "", shown(finding.fix, 500));
    }
    out += is_ready(findings)
               ? "\nosh can start sessions here.\n"
               : "\nosh cannot start sessions here until what is MISSING is there.\n";
    return out;
}

std::string describe_json(std::vector<Finding> const& findings)
{
    std::string items;
    for (auto const& finding : findings)
        items += fmt::format("{}{{\"name\":{},\"health\":\"{}\",\"value\":{},\"fix\":{}}}",
            items.empty() ? "" : ",", json_quoted(finding.name),
            finding.health == Health::Good     ? "good"
            : finding.health == Health::Weaker ? "weaker"
                                               : "missing",
            json_quoted(finding.value), json_quoted(finding.fix));
    return fmt::format("{{\"v\":1,\"ready\":{},\"findings\":[{}]}}\n", is_ready(findings), items);
}

} // namespace osh::launcher
