#include "policy/explain/lint.h"

#include "policy/base/text.h"
#include "policy/compile/findings.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// Hosts where anybody may keep anything: uninspected, they are a way out for data.
constexpr std::array<std::string_view, 10> kSharedHosts{"github.com", "api.github.com",
    "gist.github.com", "uploads.github.com", "gitlab.com", "bitbucket.org", "huggingface.co",
    "pastebin.com", "drive.google.com", "storage.googleapis.com"};

// A place where people's own programs lie is a place where an agent may put one.
constexpr std::array<std::string_view, 4> kWritablePlaces{
    "/tmp/", "/home/", "/sandbox/", "/var/tmp/"};

std::string text_of(Node const& node, std::string_view key)
{
    Node const* const value = node.find(key);
    return value ? value->scalar : "";
}

enum class Shadow { Allow, Deny }; // by an earlier allow rule, by a deny rule

bool covers(std::string_view wide, std::string_view narrow)
{
    return wide == narrow || wide == "*" || wide == "**" || (wide == "/**" && narrow != "**");
}

// Does every request of `narrow` fit `wide` too? Says yes only where it is plain to see.
bool covers(Node const& wide, Node const& narrow)
{
    bool const is_http = !narrow.find("operation_type") && !narrow.find("command")
                         && !wide.find("operation_type") && !wide.find("command");
    return is_http && !wide.find("query") && !text_of(narrow, "path").empty()
           && !text_of(narrow, "method").empty()
           && covers(
               to_lower_ascii(text_of(wide, "method")), to_lower_ascii(text_of(narrow, "method")))
           && covers(text_of(wide, "path"), text_of(narrow, "path"));
}

class Lint
{
public:
    Lint(Document const& document, Diagnostics& out) : findings_(document.source, out) {}

    void entry(Node::Entry const& entry)
    {
        binaries(entry);
        if (Node const* endpoints = entry.value.find("endpoints"))
            for (auto const& item : endpoints->items)
                if (item.kind == NodeKind::Map)
                    endpoint(item);
    }

private:
    void binaries(Node::Entry const& entry);
    void endpoint(Node const& node);
    void rules(Node const& node);
    void shadowed(Node const& rule, Node const& other, Shadow kind);
    void shadows(Node const& node);
    void allow_rule(Node const& rule, Node const& all);
    void deny_rule(Node const& rule);
    void path(Node const& path, Node const& all);
    void query(Node const& rule);
    void git_rule(Node const& git);
    void beside_git(Node const& rules);

    Findings findings_;
};

void Lint::binaries(Node::Entry const& entry)
{
    Node const* const list = entry.value.find("binaries");
    if (!list || list->items.empty())
        findings_.warning(list ? list->span : entry.key_span, "no-binaries",
            {fmt::format("{} names no binary, so nobody may use it", in_quotes(entry.key, 60)),
                "write \"**\" for any program"});
    if (!list)
        return;
    for (auto const& item : list->items) {
        Node const* const path = item.find("path");
        if (!path)
            continue;
        if (path->scalar == "**" || path->scalar == "/**")
            findings_.warning(path->span, "any-binary", {"any program may use these endpoints"});
        else if (!path->scalar.starts_with('/'))
            findings_.warning(path->span, "relative-binary",
                {"a program is known by its absolute path: this matches none"});
        else if (std::ranges::any_of(kWritablePlaces,
                     [&](std::string_view place) { return path->scalar.starts_with(place); }))
            findings_.warning(path->span, "writable-binary",
                {"the agent may be able to replace this program, and gets its rights"});
    }
}

void Lint::endpoint(Node const& node)
{
    std::string const protocol = to_lower_ascii(text_of(node, "protocol"));
    bool const is_plain = protocol.empty() || protocol == "tcp";
    Node const* const host = node.find("host");
    if (is_plain && host
        && std::ranges::find(kSharedHosts, to_lower_ascii(host->scalar)) != kSharedHosts.end())
        findings_.warning(host->span, "shared-host",
            {fmt::format("uninspected access to {}: anybody can store anything there",
                 shown(host->scalar, 60)),
                "add a protocol and rules"});
    if (host && host->scalar.ends_with('.'))
        findings_.warning(
            host->span, "trailing-dot", {"a name with a final dot is never asked for"});
    if (is_plain && node.find("access") && !node.find("rules"))
        findings_.warning(node.find("access")->span, "access-without-protocol",
            {"access means nothing without a protocol: everything is allowed",
                "add \"protocol: rest\""});
    if (!is_plain && !node.find("enforcement"))
        findings_.warning(node.find("protocol")->span, "audit-by-default",
            {"without \"enforcement: enforce\" nothing is blocked, only reported"});
    if (!is_plain && protocol != "json-rpc" && protocol != "mcp" && protocol != "graphql")
        rules(node);
}

void Lint::rules(Node const& node)
{
    if (Node const* list = node.find("rules"))
        for (auto const& item : list->items)
            if (Node const* allow = item.find("allow"))
                allow_rule(*allow, *list);
    if (node.find("rules")) {
        shadows(node);
        beside_git(*node.find("rules"));
    }
    if (Node const* list = node.find("deny_rules"))
        for (auto const& item : list->items)
            deny_rule(item);
}

void Lint::shadowed(Node const& rule, Node const& other, Shadow kind)
{
    auto const line = findings_.line_of(other.span);
    findings_.warning(rule.span, "shadowed-rule",
        {kind == Shadow::Allow
                ? fmt::format("line {} allows all of this already", line)
                : fmt::format("the deny rule in line {} takes all of this away", line)});
}

void Lint::shadows(Node const& node)
{
    std::vector<Node const*> earlier;
    Node const* const denials = node.find("deny_rules");
    for (auto const& item : node.find("rules")->items) {
        Node const* const rule = item.find("allow");
        if (!rule)
            continue;
        auto const is_wider = [&](Node const* other) { return covers(*other, *rule); };
        if (auto const wide = std::ranges::find_if(earlier, is_wider); wide != earlier.end())
            shadowed(*rule, **wide, Shadow::Allow);
        if (denials)
            for (auto const& denial : denials->items)
                if (covers(denial, *rule))
                    shadowed(*rule, denial, Shadow::Deny);
        earlier.push_back(rule);
    }
}

void Lint::allow_rule(Node const& rule, Node const& all)
{
    if (Node const* git = rule.find("git"))
        git_rule(*git);
    bool const is_operation = rule.find("operation_type") || rule.find("command");
    if (is_operation || rule.find("git"))
        return;
    if (text_of(rule, "path").empty())
        findings_.warning(rule.span, "rule-without-path",
            {"a rule without a path allows nothing", "write path: \"**\" for every path"});
    if (text_of(rule, "method").empty())
        findings_.warning(rule.span, "rule-without-method",
            {"a rule without a method allows nothing", "write method: \"*\" for every method"});
    if (Node const* value = rule.find("path"))
        path(*value, all);
    query(rule);
}

void Lint::deny_rule(Node const& rule)
{
    bool const is_operation =
        rule.find("operation_type") || rule.find("command") || rule.find("git");
    if (!is_operation && text_of(rule, "path").empty())
        findings_.warning(rule.span, "deny-without-path",
            {"a deny rule without a path blocks every path here", "",
                "OpenShell never applies it; write path: \"**\" to have the same in both"});
}

void Lint::path(Node const& path, Node const& all)
{
    std::string const& text = path.scalar;
    if (text.ends_with("/**/"))
        findings_.warning(path.span, "only-directories",
            {"this matches only paths that end in a slash", "write \"/**\" for everything below"});
    if (!text.empty() && !text.starts_with('/') && text != "**")
        findings_.warning(path.span, "path-without-slash",
            {"a request path starts with \"/\": this matches nothing"});
    if (!text.ends_with("/**") || text.size() <= 3)
        return;
    std::string const root = text.substr(0, text.size() - 3);
    bool const has_root = std::ranges::any_of(all.items, [&](Node const& item) {
        Node const* const allow = item.find("allow");
        return allow && text_of(*allow, "path") == root;
    });
    if (!has_root)
        findings_.warning(path.span, "root-not-matched",
            {fmt::format("this does not match {} itself", in_quotes(root, 80)),
                "add a rule for it if it is meant"});
}

void Lint::query(Node const& rule)
{
    Node const* const query = rule.find("query");
    if (!query)
        return;
    for (auto const& entry : query->entries) {
        std::string const& text = entry.value.scalar;
        bool const has_star = text.find('*') != std::string::npos;
        if (has_star && text.find("**") == std::string::npos)
            findings_.warning(entry.value.span, "star-stops-at-dot",
                {"in a query value \"*\" stops at a dot", "write \"**\" to match dots too"});
    }
}

// What a push may overwrite, where the writer perhaps thought of new branches only.
void Lint::git_rule(Node const& git)
{
    bool const is_push = text_of(git, "operation") == "push";
    auto const is_set = [&](std::string_view key) { return text_of(git, key) == "true"; };
    if (is_push && !git.find("refs"))
        findings_.warning(git.span, "push-to-any-branch",
            {"a push rule without refs permits every branch, the main one too",
                "write refs: [\"agent/*\"]"});
    if (is_push && is_set("force") && !git.find("refs"))
        findings_.warning(git.find("force")->span, "force-on-any-branch",
            {"force permits to overwrite the history of every branch"});
}

// `POST /**` beside a git rule looks wider than it is.
void Lint::beside_git(Node const& rules)
{
    bool const has_git = std::ranges::any_of(rules.items, [](Node const& item) {
        Node const* const allow = item.find("allow");
        return allow && allow->find("git");
    });
    if (!has_git)
        return;
    for (auto const& item : rules.items) {
        Node const* const allow = item.find("allow");
        std::string const path = allow ? text_of(*allow, "path") : "";
        if (path.ends_with("git-receive-pack") || path.ends_with("git-upload-pack")
            || path.ends_with("/info/refs*") || path.ends_with("/info/refs"))
            findings_.warning(allow->span, "beside-git",
                {"where a git rule names the repository, this rule is not asked",
                    "it holds for the other repositories"});
    }
}

} // namespace

Diagnostics lint(Document const& document)
{
    Diagnostics out;
    Lint one(document, out);
    if (Node const* entries = document.root.find("network_policies"))
        for (auto const& entry : entries->entries)
            one.entry(entry);
    return out;
}

} // namespace osh::policy
