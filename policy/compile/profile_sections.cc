// Each [section] of a profile file, by name. See osh-profile(5) for the meaning of each key.

#include "policy/compile/profile_sections.h"

#include "policy/base/text.h"
#include "policy/compile/profile_words.h"
#include "policy/model/added_host.h"
#include "policy/model/dns_opening.h"
#include "policy/model/listed_host.h"
#include "policy/model/publish.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// A policy given as a path relative to the profile lies beside it; a bare name is looked up.
std::string beside(ProfileText const& file, std::string const& name)
{
    bool const is_relative = name.starts_with("./") || name.starts_with("../");
    return is_relative && !file.directory.empty() ? file.directory + "/" + name : name;
}

void apply_policy(ProfileReader& in, ProfileText const& file, PolicySection& into)
{
    in.text("file", into.file);
    into.file = beside(file, into.file);
    in.strings("add", into.add);
    for (auto& name : into.add)
        name = beside(file, name);
    in.word("enforcement_default", kEnforcementWords, into.default_enforce);
    in.word("binary_match", kBinaryWords, into.binary_match);
    in.finish();
}

// No globs in read and write: every grant is countable. `~`, $PROJECT and $STATE expand later.
void check_grants(ProfileReader& in, std::string_view key)
{
    Node const* const list = in.take(key);
    if (list == nullptr)
        return;
    for (auto const& item : list->items) {
        std::string_view entry = item.scalar;
        if (item.kind != NodeKind::String || entry.empty())
            continue;
        entry.remove_prefix(entry.starts_with("-") ? 1 : 0);
        bool const is_rooted = entry.starts_with("/") || entry == "~" || entry.starts_with("~/")
                               || entry.starts_with("$PROJECT") || entry.starts_with("$STATE");
        if (entry.find_first_of("*?[") != std::string_view::npos) {
            auto& d = in.findings().error(
                "glob-in-grant", item.span, fmt::format("{} takes no patterns", in.path(key)));
            d.label = "name each folder";
        } else if (!is_rooted) {
            auto& d = in.findings().error(
                "relative-path", item.span, fmt::format("{} takes absolute paths", in.path(key)));
            d.label = "where from?";
            d.help = fmt::format("write {}", in_quotes("$PROJECT/" + std::string(entry)));
        }
    }
}

// A mask entry with "!" shows again what an inherited entry hides: that is a removal.
void check_mask(ProfileReader& in, std::vector<std::string> const& removals,
    std::vector<std::string> const& inherited)
{
    Node const* const list = in.take("mask");
    if (list == nullptr)
        return;
    for (auto const& item : list->items) {
        std::string const& entry = item.scalar;
        if (!entry.starts_with("!") || std::ranges::find(inherited, entry) != inherited.end()
            || std::ranges::find(removals, entry) != removals.end())
            continue;
        auto& d = in.findings().error("deny-removed", item.span, "filesystem.mask can only grow");
        d.label = "shows files that would be masked";
        d.help = fmt::format("if they must be seen: [unsafe] remove_deny = [{}]", in_quotes(entry));
    }
}

void apply_filesystem(
    ProfileReader& in, std::vector<std::string> const& removals, FilesystemProfile& into)
{
    in.word("project", kProjectWords, into.project);
    in.text("project_root", into.project_root);
    in.word("home", kHomeWords, into.home);
    in.strings("read", into.read);
    in.strings("write", into.write);
    check_grants(in, "read");
    check_grants(in, "write");
    in.strings("deny", into.deny, ListRule::GrowOnly);
    check_mask(in, removals, into.mask);
    in.strings("mask", into.mask, ListRule::GrowOnly);
    in.strings("protect", into.protect);
    in.strings("persist", into.persist);
    in.word("tmp", kTmpWords, into.shared_tmp);
    in.strings("devices", into.devices);
    in.strings("sockets", into.sockets);
    in.finish();
}

void apply_env(ProfileReader& in, EnvProfile& into)
{
    in.word("inherit", kInheritWords, into.inherit);
    in.strings("allow", into.allow);
    in.strings("deny", into.deny, ListRule::GrowOnly);
    in.strings("allow_secret", into.allow_secret);
    in.string_table("set", into.set);
    in.strings("path", into.path);
    in.finish();
}

void apply_network(ProfileReader& in, NetworkProfile& into)
{
    in.word("mode", kNetworkWords, into.mode);
    in.word("hold", kHoldWords, into.hold);
    in.word("intercept", kInterceptWords, into.intercept);
    auto const closed_span = in.key_span("passthrough");
    in.strings("passthrough", into.passthrough);
    in.flag("ask_private", into.ask_private);
    in.word("udp", kUdpWords, into.udp);
    in.word("listen", kListenWords, into.listen);
    in.ports("ports", into.ports);
    auto const publish_span = in.key_span("publish");
    in.strings("publish", into.publish);
    in.ports("connect", into.connect);
    auto const hosts_span = in.key_span("hosts");
    in.strings("hosts", into.hosts);
    in.strings("extra_ca", into.extra_ca);
    in.count("new_labels", into.new_labels);
    in.count("new_label_bytes", into.new_label_bytes);
    auto const types_span = in.key_span("dns_types");
    in.strings("dns_types", into.dns_types);
    in.word("proxy", kProxyWords, into.uses_proxy);
    in.finish();
    for (auto const& one : into.hosts)
        if (auto const added = parse_added_host(one); !added.ok())
            in.findings().error("hosts", hosts_span, added.error().sentence);
    for (auto const& one : into.passthrough)
        if (auto const host = parse_listed_host(one); !host.ok())
            in.findings().error("passthrough", closed_span, host.error().sentence);
    for (auto const& one : into.dns_types)
        if (auto const opening = parse_dns_opening(one); !opening.ok())
            in.findings().error("dns-types", types_span, opening.error().sentence);
    for (auto const& one : into.publish)
        if (auto const spec = parse_publish(one); !spec.ok())
            in.findings().error("publish", publish_span, spec.error().sentence);
    bool const has_none = into.ports.empty() && into.publish.empty();
    if (into.listen == ListenMode::Publish && has_none && in.has("listen"))
        in.findings()
            .error(
                "ports-missing", in.key_span("listen"), "network.listen = \"publish\" needs ports")
            .help = "write ports = [3000]";
}

void apply_approvals(ProfileReader& in, ApprovalProfile& into)
{
    in.word("mode", kApprovalWords, into.mode);
    in.duration("timeout", into.timeout);
    in.word("unattended", kUnattendedWords, into.unattended);
    in.word("max_scope", kScopeWords, into.max_scope);
    in.word("widen", kWidenWords, into.widen_subdomain);
    in.duration("arm_delay", into.arm_delay);
    in.duration("typing_guard", into.typing_guard);
    in.strings("front_ends", into.front_ends);
    in.strings("notify", into.notify);
    in.word("credentialed", kConsentWords, into.credentialed);
    if (Node const* const limit = in.take_table("limit")) {
        ProfileReader inner(*limit, "approvals.limit", "approvals.limit.", in.findings());
        inner.count("waiting", into.waiting);
        inner.count("per_minute", into.per_minute);
        inner.count("program_new_hosts", into.program_new_hosts);
        inner.finish();
    }
    in.finish();
}

void apply_resources(ProfileReader& in, ResourceProfile& into)
{
    in.size("memory", into.memory_bytes);
    in.size("swap", into.swap_bytes);
    in.size("tmp", into.tmp_bytes);
    in.size("shm", into.shm_bytes);
    in.size("home", into.home_bytes);
    in.count("cpu", into.cpus);
    in.count("cpu_weight", into.cpu_weight);
    in.count("tasks", into.tasks);
    in.count("files", into.files);
    in.size("disk", into.disk_bytes);
    in.duration("wall_time", into.wall_time);
    in.duration("idle_time", into.idle_time);
    for (std::string_view key : {"disk", "idle_time"})
        if (in.has(key)) {
            auto& d = in.findings().error("unavailable", in.key_span(key),
                fmt::format("{} is not available in osh {}", in.path(key), OSH_VERSION));
            d.label = "remove it";
            d.help = "a limit that does not hold is worse than none";
        }
    if (into.cpu_weight && (*into.cpu_weight < 1 || *into.cpu_weight > 10'000))
        in.findings().error("range", in.key_span("cpu_weight"),
            "resources.cpu_weight goes from 1 to 10000, and 100 is what everybody has");
    in.finish();
}

void apply_tty(ProfileReader& in, TtyProfile& into)
{
    in.flag("relay", into.relay);
    in.text("leader", into.leader);
    in.finish();
}

void apply_audit(ProfileReader& in, AuditProfile& into)
{
    in.word("journal", kJournalWords, into.journal);
    in.word("paths", kPathWords, into.paths);
    in.word("report", kReportWords, into.report);
    in.finish();
}

void apply_project(ProfileReader& in, Profile& into)
{
    in.word("overlay", kOverlayWords, into.overlay);
    in.strings("may_widen", into.may_widen);
    in.finish();
}

void apply_agent(ProfileReader& in, Profile& into)
{
    AgentPreset agent = into.agent.value_or(AgentPreset{});
    in.text("command", agent.command);
    in.strings("args", agent.args, ListRule::Replace);
    in.strings("aliases", agent.aliases, ListRule::Replace);
    in.strings("binaries", agent.binaries, ListRule::Replace);
    in.strings("state", agent.state, ListRule::Replace);
    in.strings("config_files", agent.config_files, ListRule::Replace);
    in.word("inner_sandbox", kInnerSandboxWords, agent.inner_sandbox_off);
    in.text("host_notes", agent.host_notes);
    in.text("guidance", agent.guidance);
    in.text("version_check", agent.version_check);
    in.finish();
    into.agent = std::move(agent);
}

void apply_sandbox(ProfileReader& in, Profile& into)
{
    in.word("nested", kNestedWords, into.nested_allow);
    in.flag("debug", into.debug);
    in.flag("ptrace", into.debug); // the same by the name of the call
    in.strings("optional", into.optional_layers);
    in.finish();
}

// Takes named entries out of the lists that otherwise only grow; each is a note at every start.
void remove_denials(Node const& list, ProfileReader& in, Profile& into)
{
    for (auto const& item : list.items) {
        std::string const entry = item.scalar;
        std::size_t removed = std::erase(into.filesystem.deny, entry);
        removed += std::erase(into.filesystem.mask, entry);
        removed += std::erase(into.env.deny, entry);
        bool const shows_again = entry.starts_with("!");
        if (shows_again)
            into.filesystem.mask.push_back(entry);
        if (removed == 0 && !shows_again) {
            auto& d = in.findings().error("removes-nothing", item.span,
                fmt::format("unsafe.remove_deny names no inherited entry {}", in_quotes(entry)));
            d.help = "`osh profile show NAME --effective` lists deny and mask";
        }
        into.unsafe_notes.push_back(fmt::format("no longer hidden: {}", shown(entry)));
    }
}

void refuse_when_on(ProfileReader& in, std::string_view key)
{
    bool is_on = false;
    in.flag(key, is_on);
    if (is_on)
        in.findings()
            .error("unavailable", in.key_span(key),
                fmt::format("{} is not available in osh {}", in.path(key), OSH_VERSION))
            .label = "remove it";
}

// Another spelling of an entry of [filesystem] sockets; false takes it away again.
void share_socket(ProfileReader& in, std::string_view key, std::string_view socket,
    std::vector<std::string>& sockets)
{
    if (!in.has(key))
        return;
    bool is_on = false;
    in.flag(key, is_on);
    std::erase(sockets, socket);
    if (is_on)
        sockets.emplace_back(socket);
}

void apply_unsafe(ProfileReader& in, Profile& into)
{
    std::vector<std::string> ignored;
    in.strings("remove_deny", ignored, ListRule::Replace); // for the type check
    if (Node const* const list = in.take("remove_deny"))
        remove_denials(*list, in, into);
    share_socket(in, "share_docker_socket", "docker", into.filesystem.sockets);
    share_socket(in, "share_session_bus", "session-bus", into.filesystem.sockets);
    in.flag("share_fuse", into.share_fuse);
    if (in.has("share_fuse")) {
        std::erase(into.filesystem.devices, "fuse");
        if (into.share_fuse)
            into.filesystem.devices.emplace_back("fuse");
    }
    refuse_when_on(in, "host_network");
    in.finish();
}

std::vector<std::string> removals_of(ProfileReader& top)
{
    std::vector<std::string> removals;
    Node const* const section = top.take("unsafe");
    if (section == nullptr)
        return removals;
    for (auto const& entry : section->entries)
        for (auto const& item : entry.value.items)
            if (entry.key == "remove_deny")
                removals.push_back(item.scalar);
    return removals;
}

} // namespace

void apply_sections(ProfileReader& top, ProfileText const& file, Profile& into)
{
    auto const section = [&](std::string_view name, auto const& apply) {
        Node const* const table = top.take_table(name);
        if (table == nullptr)
            return;
        ProfileReader in(
            *table, fmt::format("[{}]", name), fmt::format("{}.", name), top.findings());
        apply(in);
    };
    auto const removals = removals_of(top);
    section("policy", [&](auto& in) { apply_policy(in, file, into.policy); });
    section("filesystem", [&](auto& in) { apply_filesystem(in, removals, into.filesystem); });
    section("env", [&](auto& in) { apply_env(in, into.env); });
    section("network", [&](auto& in) { apply_network(in, into.network); });
    section("approvals", [&](auto& in) { apply_approvals(in, into.approvals); });
    section("resources", [&](auto& in) { apply_resources(in, into.resources); });
    section("tty", [&](auto& in) { apply_tty(in, into.tty); });
    section("audit", [&](auto& in) { apply_audit(in, into.audit); });
    section("project", [&](auto& in) { apply_project(in, into); });
    section("agent", [&](auto& in) { apply_agent(in, into); });
    section("sandbox", [&](auto& in) { apply_sandbox(in, into); });
    section("unsafe", [&](auto& in) { apply_unsafe(in, into); });
}

} // namespace osh::policy
