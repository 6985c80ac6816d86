// profile_as_toml(): a profile with every value spelled out, as `osh profile show --effective`
// prints it. Reads as a profile file again, but for the lists that only grow.

#include "policy/base/text.h"
#include "policy/compile/profile.h"
#include "policy/compile/profile_units.h"
#include "policy/compile/profile_words.h"

#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// A TOML basic string; JSON's escapes are a subset of TOML's.
std::string quoted_text(std::string_view text)
{
    return json_quoted(text);
}

class TomlWriter
{
public:
    void section(std::string_view name) { out_ += fmt::format("\n[{}]\n", name); }
    void table_of_list(std::string_view name) { out_ += fmt::format("\n[[{}]]\n", name); }
    void raw(std::string_view key, std::string_view value)
    {
        out_ += fmt::format("{} = {}\n", key, value);
    }
    void text(std::string_view key, std::string_view value) { raw(key, quoted_text(value)); }
    void flag(std::string_view key, bool value) { raw(key, value ? "true" : "false"); }
    void list(std::string_view key, std::vector<std::string> const& values)
    {
        raw(key, list_text(values));
    }
    void duration(std::string_view key, Duration value) { text(key, duration_text(value)); }
    template<typename E>
    void word(std::string_view key, Words<E> const& words, E const& value)
    {
        text(key, word_of(words, value));
    }
    static std::string list_text(std::vector<std::string> const& values);
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

std::string TomlWriter::list_text(std::vector<std::string> const& values)
{
    std::string out = "[";
    for (auto const& value : values)
        out += (out.size() > 1 ? ", " : "") + quoted_text(value);
    return out + "]";
}

void write_filesystem(TomlWriter& to, Profile const& profile)
{
    auto const& from = profile.filesystem;
    to.section("filesystem");
    to.word("project", kProjectWords, from.project);
    to.text("project_root", from.project_root);
    to.word("home", kHomeWords, from.home);
    to.list("read", from.read);
    to.list("write", from.write);
    to.list("deny", from.deny);
    to.list("mask", from.mask);
    to.list("protect", from.protect);
    to.list("persist", from.persist);
    to.word("tmp", kTmpWords, from.shared_tmp);
    to.list("devices", from.devices);
    to.list("sockets", from.sockets);
}

void write_env(TomlWriter& to, EnvProfile const& from)
{
    to.section("env");
    to.word("inherit", kInheritWords, from.inherit);
    to.list("allow", from.allow);
    to.list("deny", from.deny);
    to.list("allow_secret", from.allow_secret);
    to.list("path", from.path);
    std::string set = "{";
    for (auto const& [name, value] : from.set)
        set += fmt::format(
            "{} {} = {}", set.size() > 1 ? "," : "", quoted_text(name), quoted_text(value));
    to.raw("set", set + " }");
}

void write_network(TomlWriter& to, NetworkProfile const& from)
{
    to.section("network");
    to.word("mode", kNetworkWords, from.mode);
    to.word("hold", kHoldWords, from.hold);
    to.word("intercept", kInterceptWords, from.intercept);
    to.list("passthrough", from.passthrough);
    to.flag("ask_private", from.ask_private);
    to.word("udp", kUdpWords, from.udp);
    to.word("listen", kListenWords, from.listen);
    std::string ports;
    for (auto const port : from.ports)
        ports += fmt::format("{}{}", ports.empty() ? "" : ", ", port);
    to.raw("ports", "[" + ports + "]");
    to.list("publish", from.publish);
    std::string connect;
    for (auto const port : from.connect)
        connect += fmt::format("{}{}", connect.empty() ? "" : ", ", port);
    to.raw("connect", "[" + connect + "]");
    to.list("hosts", from.hosts);
    to.list("extra_ca", from.extra_ca);
    to.raw("new_labels", std::to_string(from.new_labels));
    to.raw("new_label_bytes", std::to_string(from.new_label_bytes));
    to.list("dns_types", from.dns_types);
    to.word("proxy", kProxyWords, from.uses_proxy);
}

void write_approvals(TomlWriter& to, ApprovalProfile const& from)
{
    to.section("approvals");
    to.word("mode", kApprovalWords, from.mode);
    to.duration("timeout", from.timeout);
    to.word("unattended", kUnattendedWords, from.unattended);
    to.word("max_scope", kScopeWords, from.max_scope);
    to.word("widen", kWidenWords, from.widen_subdomain);
    to.duration("arm_delay", from.arm_delay);
    to.duration("typing_guard", from.typing_guard);
    to.list("front_ends", from.front_ends);
    to.list("notify", from.notify);
    to.word("credentialed", kConsentWords, from.credentialed);
    to.raw("limit", fmt::format("{{ waiting = {}, per_minute = {}, program_new_hosts = {} }}",
                        from.waiting, from.per_minute, from.program_new_hosts));
}

void write_resources(TomlWriter& to, ResourceProfile const& from)
{
    to.section("resources");
    auto const size = [&](std::string_view key, auto const& value) {
        if (value)
            to.text(key, size_text(*value));
    };
    auto const count = [&](std::string_view key, auto const& value) {
        if (value)
            to.raw(key, fmt::format("{}", *value));
    };
    auto const time = [&](std::string_view key, auto const& value) {
        if (value)
            to.duration(key, *value);
    };
    size("memory", from.memory_bytes);
    size("swap", from.swap_bytes);
    size("tmp", from.tmp_bytes);
    size("shm", from.shm_bytes);
    size("home", from.home_bytes);
    count("cpu_weight", from.cpu_weight);
    count("cpu", from.cpus);
    count("tasks", from.tasks);
    count("files", from.files);
    size("disk", from.disk_bytes);
    time("wall_time", from.wall_time);
    time("idle_time", from.idle_time);
}

void write_agent(TomlWriter& to, AgentPreset const& from)
{
    to.section("agent");
    to.text("command", from.command);
    to.list("args", from.args);
    to.list("aliases", from.aliases);
    to.list("binaries", from.binaries);
    to.list("state", from.state);
    to.list("config_files", from.config_files);
    to.word("inner_sandbox", kInnerSandboxWords, from.inner_sandbox_off);
    to.text("host_notes", from.host_notes);
    to.text("guidance", from.guidance);
    to.text("version_check", from.version_check);
}

std::string attach_text(CredentialAttach const& attach)
{
    std::string out =
        fmt::format("{{ kind = {}, host = {}, port = {}, path = {}", quoted_text(attach.kind_text),
            quoted_text(attach.host), attach.port, quoted_text(attach.path));
    if (!attach.methods.empty())
        out += ", methods = " + TomlWriter::list_text(attach.methods);
    if (attach.kind == CredentialAttach::Kind::Header)
        out += fmt::format(", header = {}, template = {}", quoted_text(attach.header),
            quoted_text(attach.value_template));
    if (!attach.user.empty())
        out += ", user = " + quoted_text(attach.user);
    if (!attach.param.empty())
        out += ", param = " + quoted_text(attach.param);
    return out + " }";
}

std::string source_text(CredentialSource const& source)
{
    std::string out;
    if (source.kind == CredentialSource::Kind::Command)
        out = "command = " + TomlWriter::list_text(source.command);
    else if (source.kind == CredentialSource::Kind::File && !source.pointer.empty())
        out = "file = " + quoted_text(source.name);
    else
        return quoted_text(source.text);
    if (!source.pointer.empty())
        out += ", pointer = " + quoted_text(source.pointer);
    if (source.ttl)
        out += ", ttl = " + quoted_text(duration_text(*source.ttl));
    if (source.timeout)
        out += ", timeout = " + quoted_text(duration_text(*source.timeout));
    return "{ " + out + " }";
}

void write_credential(TomlWriter& to, Credential const& from)
{
    to.table_of_list("credential");
    to.text("name", from.name);
    std::string sources, attaches, variables;
    for (auto const& source : from.sources)
        sources += (sources.empty() ? "" : ", ") + source_text(source);
    for (auto const& attach : from.attach)
        attaches += (attaches.empty() ? "" : ", ") + attach_text(attach);
    for (auto const& env : from.env)
        variables += fmt::format("{}{{ name = {}, shape = {} }}", variables.empty() ? "" : ", ",
            quoted_text(env.name), quoted_text(env.shape));
    to.raw("source", "[" + sources + "]");
    to.raw("attach", "[" + attaches + "]");
    to.list("programs", from.programs);
    to.raw("env", "[" + variables + "]");
    to.word("attach_mode", kAttachModeWords, from.mode);
    to.flag("optional", from.optional);
    to.flag("plaintext", from.plaintext);
    to.word("response", kResponseWords, from.scrub_responses);
    to.raw("uses_per_minute", fmt::format("{}", from.uses_per_minute));
    if (!from.when.empty())
        to.text("when", from.when);
    if (!from.group.empty())
        to.text("group", from.group);
}

} // namespace

std::string profile_as_toml(Profile const& profile)
{
    TomlWriter to;
    to.raw("version", "1");
    to.text("name", profile.name);
    to.text("description", profile.description);
    to.section("policy");
    to.text("file", profile.policy.file);
    to.list("add", profile.policy.add);
    to.word("enforcement_default", kEnforcementWords, profile.policy.default_enforce);
    to.word("binary_match", kBinaryWords, profile.policy.binary_match);
    write_filesystem(to, profile);
    write_env(to, profile.env);
    write_network(to, profile.network);
    write_approvals(to, profile.approvals);
    write_resources(to, profile.resources);
    to.section("tty");
    to.flag("relay", profile.tty.relay);
    to.text("leader", profile.tty.leader);
    to.section("audit");
    to.word("journal", kJournalWords, profile.audit.journal);
    to.text("paths", profile.audit.paths);
    to.word("report", kReportWords, profile.audit.report);
    to.section("project");
    to.word("overlay", kOverlayWords, profile.overlay);
    to.list("may_widen", profile.may_widen);
    to.section("sandbox");
    to.word("nested", kNestedWords, profile.nested_allow);
    to.flag("debug", profile.debug);
    to.list("optional", profile.optional_layers);
    if (profile.share_fuse) {
        to.section("unsafe");
        to.flag("share_fuse", true);
    }
    if (profile.agent)
        write_agent(to, *profile.agent);
    for (auto const& credential : profile.credentials)
        write_credential(to, credential);
    return to.take();
}

} // namespace osh::policy
