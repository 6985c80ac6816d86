#include "policy/convert/settings_walk.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

std::string_view who(Setter setter)
{
    return setter == Setter::Managed ? "managed settings" : "your own settings";
}

bool is_off(Node const& node)
{
    return node.kind == NodeKind::Null || (node.kind == NodeKind::Boolean && !node.boolean)
           || ((node.kind == NodeKind::List || node.kind == NodeKind::Map) && node.items.empty()
               && node.entries.empty());
}

bool is_variable(std::string_view name)
{
    return !name.empty() && (name[0] < '0' || name[0] > '9')
           && std::ranges::all_of(name, [](char c) {
                  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
                         || (c >= 'A' && c <= 'Z');
              });
}

std::string text_of(Node const& node, std::string_view key)
{
    Node const* const value = node.find(key);
    return value && value->kind == NodeKind::String ? value->scalar : "";
}

// Keys of the settings file itself that change what the sandbox is.
constexpr std::string_view kBlockKeys[] = {"network", "filesystem", "credentials",
    "excludedCommands", "allowedDomains", "allowedHosts", "allowWrite", "denyRead"};

} // namespace

void SettingsWalk::lost(Span span, std::string message, std::string help)
{
    findings_.warning(span, "not-honoured", {std::move(message), "", std::move(help)});
}

void SettingsWalk::run(Node const& root)
{
    if (options_.kind == SettingsKind::SandboxRuntime) {
        out_.asks_unknown_hosts = false; // it has nobody to ask
        return group(root, "");
    }
    outside_the_block(root);
    if (Node const* block = root.find("sandbox"))
        group(*block, "");
}

void SettingsWalk::group(Node const& node, std::string const& prefix)
{
    if (node.kind != NodeKind::Map) {
        findings_.error(node.span, "wrong-type",
            {fmt::format("{} must be an object",
                 prefix.empty() ? "the block" : prefix.substr(0, prefix.size() - 1)),
                fmt::format("this is {}", describe(node))});
        return;
    }
    for (auto const& entry : node.entries)
        key(entry, prefix + entry.key);
}

void SettingsWalk::key(Node::Entry const& entry, std::string const& path)
{
    Node const& value = entry.value;
    SettingsKey const* const known = find_settings_key(path, options_.kind);
    if (!known)
        return unknown(entry, path, path.substr(0, path.size() - entry.key.size()));
    if (!may_set(file_.scope, known->setter))
        return findings_.warning(entry.key_span, "ignored",
            {fmt::format("{} counts in {} only", path, who(known->setter))});
    switch (known->fate) {
    case Fate::Use: return use(path, value);
    case Fate::Group: return group(value, path + ".");
    case Fate::Same:
        findings_.note(entry.key_span, "nothing-to-do",
            {fmt::format("{}: {}", path, known->reason), "", std::string(known->help)});
        return;
    case Fate::Lost:
        if (!is_off(value))
            lost(entry.key_span, fmt::format("{} is lost: {}", path, known->reason),
                std::string(known->help));
        return;
    case Fate::Entry:
        for (auto const& item : value.items)
            lost(item.span,
                fmt::format("{} {} is lost: {}", path, in_quotes(item.scalar, 80), known->reason),
                std::string(known->help));
        return;
    }
}

void SettingsWalk::unknown(
    Node::Entry const& entry, std::string const& path, std::string const& prefix)
{
    std::string label;
    if (auto const meant = meant_settings_key(path); !meant.empty())
        label = fmt::format("this does nothing; it is called \"{}\"", meant);
    else if (auto const near = nearest_word(entry.key, settings_keys_below(prefix, options_.kind));
             !near.empty())
        label = fmt::format("did you mean \"{}\"?", near);
    findings_.warning(entry.key_span, "unknown-key",
        {fmt::format("unknown key {}, left out", in_quotes(entry.key, 60)), std::move(label)});
}

// A file that came with the project widens nothing before its owner's own word.
bool SettingsWalk::may_take(Node const& value, Effect effect)
{
    if (effect == Effect::Narrows || is_trusted(file_.scope))
        return true;
    if (locks_.projects_ignored) {
        findings_.warning(value.span, "ignored", {"trusted settings take this from project files"});
        return false;
    }
    if (file_.may_widen == MayWiden::Yes)
        return true;
    findings_.warning(value.span, "needs-confirmation",
        {"a project file widens nothing by itself", "left out",
            fmt::format("after reading it: --confirm {}", file_.digest)});
    return false;
}

void SettingsWalk::path(
    Node const& value, std::string_view text, PathStyle style, std::vector<PathEntry>& into)
{
    auto const mapped = imported_path(text, {options_.kind, file_.scope, style});
    if (!mapped)
        return lost(value.span, "this path is lost: it is not a plain one",
            "write an absolute path, ~/… or one below the project");
    bool const is_grant = &into == &out_.write || &into == &out_.read;
    if (has_path_pattern(*mapped) && is_grant)
        return lost(value.span,
            fmt::format("{} is lost: a grant names folders, no patterns", in_quotes(text, 80)));
    into.push_back({*mapped, place_of(value)});
}

void SettingsWalk::host(Node const& value, std::string_view text, std::vector<HostEntry>& into)
{
    auto const result = imported_host(text);
    if (result.host)
        into.push_back({*result.host, place_of(value)});
    else
        lost(value.span, fmt::format("{} is lost: {}", in_quotes(text, 80), result.flaw));
}

void SettingsWalk::use(std::string_view path, Node const& value)
{
    bool const is_true = value.kind == NodeKind::Boolean && value.boolean;
    if (path == "allowNestedUserNamespaces")
        out_.nested_sandbox = out_.nested_sandbox || is_true;
    else if (path == "network.strictAllowlist" || path == "network.allowManagedDomainsOnly")
        out_.asks_unknown_hosts = out_.asks_unknown_hosts && !is_true;
    else if (value.kind == NodeKind::List)
        use_list(path, value);
    else if (value.kind != NodeKind::Boolean)
        findings_.error(value.span, "wrong-type",
            {fmt::format("{} must be a list", path), fmt::format("this is {}", describe(value))});
}

void SettingsWalk::use_list(std::string_view path, Node const& list)
{
    if (path == "credentials.files")
        return credential_files(list);
    if (path == "credentials.envVars")
        return credential_variables(list);
    bool const is_managed = file_.scope == SettingsScope::Managed;
    bool const hosts_locked = (locks_.managed_hosts_only && !is_managed)
                              || (locks_.strict_hosts && !is_trusted(file_.scope));
    bool const is_locked =
        (path == "network.allowedDomains" && hosts_locked)
        || (path == "filesystem.allowRead" && locks_.managed_reads_only && !is_managed);
    if (is_locked && !list.items.empty())
        return findings_.warning(
            list.span, "ignored", {"trusted settings take this list from this file"});
    bool const widens = path.find(".allow") != std::string_view::npos;
    if (list.items.empty() || !may_take(list, widens ? Effect::Widens : Effect::Narrows))
        return;
    for (auto const& item : list.items) {
        if (item.kind != NodeKind::String)
            findings_.error(item.span, "wrong-type",
                {fmt::format("{} is a list of texts", path),
                    fmt::format("this is {}", describe(item))});
        else if (path.starts_with("network."))
            host(item, item.scalar, widens ? out_.allow : out_.deny);
        else if (path == "filesystem.allowWrite")
            this->path(item, item.scalar, PathStyle::Sandbox, out_.write);
        else if (path == "filesystem.allowRead")
            this->path(item, item.scalar, PathStyle::Sandbox, out_.read);
        else if (path == "filesystem.denyWrite")
            this->path(item, item.scalar, PathStyle::Sandbox, out_.deny_write);
        else
            this->path(item, item.scalar, PathStyle::Sandbox, out_.deny_read);
    }
}

void SettingsWalk::credential_files(Node const& list)
{
    for (auto const& item : list.items) {
        Node const* const at = item.find("path");
        if (!at) {
            findings_.error(item.span, "missing-path", {"a credential file needs a path"});
            continue;
        }
        path(*at, at->scalar, PathStyle::Sandbox, out_.deny_read);
        if (text_of(item, "mode") == "mask")
            lost(at->span, "mask is lost: osh makes no stand-in of a file; it is hidden instead",
                "lend the value as a [[credential]] of the profile");
    }
}

void SettingsWalk::credential_variables(Node const& list)
{
    for (auto const& item : list.items) {
        std::string const name = text_of(item, "name");
        if (!is_variable(name)) {
            findings_.error(item.span, "missing-name", {"this names no variable"});
            continue;
        }
        if (text_of(item, "mode") != "mask") {
            out_.env_deny.push_back(name);
            continue;
        }
        if (!is_trusted(file_.scope)) {
            findings_.warning(item.span, "ignored",
                {"mask counts in your own settings only", "the variable is removed instead"});
            out_.env_deny.push_back(name);
            continue;
        }
        for (std::string_view key : {"extract", "decode", "maskClaims", "onExtractNoMatch"})
            if (Node const* part = item.find(key))
                lost(part->span, fmt::format("{} is lost: osh lends the whole value", key));
        MaskedVariable masked{name, {}, place_of(item)};
        if (Node const* hosts = item.find("injectHosts"))
            for (auto const& host : hosts->items)
                masked.hosts.push_back(host.scalar);
        out_.masked.push_back(std::move(masked));
    }
}

void SettingsWalk::outside_the_block(Node const& root)
{
    for (auto const& entry : root.entries) {
        if (entry.key == "permissions")
            permissions(entry.value);
        else if (entry.key == "env")
            variables(entry.value);
        else if (entry.key == "processWrapper")
            lost(entry.key_span, "processWrapper is lost: osh starts the agent itself");
        else if (std::ranges::find(kBlockKeys, entry.key) != std::end(kBlockKeys))
            findings_.warning(entry.key_span, "unknown-key",
                {fmt::format(
                     "{} stands outside of \"sandbox\", left out", in_quotes(entry.key, 60)),
                    "this does nothing here", fmt::format("move it into \"sandbox\"")});
    }
}

void SettingsWalk::permissions(Node const& node)
{
    for (std::string_view list : {"allow", "deny"})
        if (Node const* rules = node.find(list))
            for (auto const& rule : rules->items)
                permission(rule, list);
}

// Rules of the agent's file and fetch tools feed the lists of its sandbox, so they do here.
void SettingsWalk::permission(Node const& rule, std::string_view list)
{
    std::string_view text = rule.scalar;
    std::size_t const open = text.find('(');
    if (open == std::string_view::npos || !text.ends_with(')'))
        return;
    std::string_view const tool = text.substr(0, open);
    std::string_view const inside = text.substr(open + 1, text.size() - open - 2);
    bool const allows = list == "allow";
    bool const is_fetch = tool == "WebFetch" && inside.starts_with("domain:");
    bool const is_file = (tool == "Edit") || (tool == "Read" && !allows);
    if (!is_fetch && !is_file)
        return; // the agent's own business
    if (!may_take(rule, allows ? Effect::Widens : Effect::Narrows))
        return;
    if (is_fetch && allows && (locks_.managed_hosts_only || locks_.strict_hosts)
        && file_.scope != SettingsScope::Managed)
        return;
    if (is_fetch)
        host(rule, inside.substr(7), allows ? out_.allow : out_.deny);
    else if (tool == "Read")
        path(rule, inside, PathStyle::Rule, out_.deny_read);
    else
        path(rule, inside, PathStyle::Rule, allows ? out_.write : out_.deny_write);
}

void SettingsWalk::variables(Node const& node)
{
    if (node.entries.empty() || !may_take(node, Effect::Widens))
        return;
    for (auto const& entry : node.entries) {
        bool const is_secret = entry.key.find("KEY") != std::string::npos
                               || entry.key.find("TOKEN") != std::string::npos
                               || entry.key.find("SECRET") != std::string::npos
                               || entry.key.find("PASSWORD") != std::string::npos;
        if (!is_variable(entry.key) || is_secret)
            lost(entry.key_span,
                fmt::format("env {} is lost: {}", in_quotes(entry.key, 60),
                    is_secret ? "this looks like a secret" : "this names no variable"),
                is_secret ? "lend it as a [[credential]] of the profile" : "");
        else
            out_.env_set.emplace_back(entry.key, entry.value.scalar);
    }
}

} // namespace osh::policy
