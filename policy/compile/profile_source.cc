#include "policy/compile/profile_source.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMaxSources = 8; // tried one after the other at first use

// Of the design, not of this version: they load with a warning, so that a list with an available
// form still works, and the credential is unavailable by name when none is.
constexpr std::string_view kUnavailableSchemes[] = {"secret-service", "git-credential", "store"};
constexpr std::string_view kUnavailableTables[] = {
    "kubeconfig", "context", "aws_profile", "github_app", "ssh_agent", "keys", "netrc"};

CredentialSource of_kind(CredentialSource::Kind kind, std::string text)
{
    CredentialSource source;
    source.kind = kind;
    source.text = std::move(text);
    return source;
}

bool is_variable_name(std::string_view name)
{
    return !name.empty() && (name[0] < '0' || name[0] > '9')
           && std::ranges::all_of(name, [](char c) {
                  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                         || c == '_';
              });
}

bool is_rooted(std::string_view path)
{
    return path.starts_with("/") || path.starts_with("~/") || path.starts_with("$");
}

void warn_unavailable(Node const& node, std::string_view what, ProfileFindings& findings)
{
    auto& d = findings.add(Severity::Warning, "source-unavailable", node.span,
        fmt::format("secrets from {} are not available in osh {}", what, OSH_VERSION));
    d.help = "use \"env:NAME\", \"file:PATH\" or { command = [\"PROGRAM\", \"ARGUMENT\"] }";
}

CredentialSource read_file_source(
    Node const& node, std::string const& file, std::string const& text, ProfileFindings& findings)
{
    auto source = of_kind(CredentialSource::Kind::File, text);
    source.name = file;
    if (!is_rooted(file))
        findings.error("relative-path", node.span, "a secret's file takes an absolute path").help =
            "write \"file:/…\" or \"file:~/…\"";
    return source;
}

CredentialSource read_scheme(Node const& node, std::string const& path, ProfileFindings& findings)
{
    std::string const& text = node.scalar;
    std::size_t const colon = text.find(':');
    std::string const scheme = text.substr(0, colon);
    std::string const rest = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (scheme == "env" && is_variable_name(rest)) {
        auto source = of_kind(CredentialSource::Kind::Environment, text);
        source.name = rest;
        return source;
    }
    if (scheme == "file" && !rest.empty())
        return read_file_source(node, rest, text, findings);
    if (scheme == "op" || scheme == "pass") {
        auto source = of_kind(CredentialSource::Kind::Command, text);
        source.command = scheme == "op" ? std::vector<std::string>{"op", "read", text}
                                        : std::vector<std::string>{"pass", "show", rest};
        source.first_line_only = scheme == "pass";
        return source;
    }
    if (text == "ask"
        || std::ranges::find(kUnavailableSchemes, scheme) != std::end(kUnavailableSchemes)) {
        warn_unavailable(node, in_quotes(scheme), findings);
        return of_kind(CredentialSource::Kind::Unsupported, text);
    }
    auto& d = findings.error(
        "unknown-source", node.span, fmt::format("{} names no source of secrets", path));
    auto const nearest = nearest_word(scheme, {"env", "file", "op", "pass", "secret-service"});
    d.label =
        nearest.empty() || scheme == nearest ? "" : fmt::format("did you mean \"{}:\"?", nearest);
    d.help = "write \"env:NAME\", \"file:PATH\" or { command = [\"PROGRAM\", \"ARGUMENT\"] }";
    return of_kind(CredentialSource::Kind::Unsupported, text);
}

CredentialSource read_table(Node const& node, std::string const& path, ProfileFindings& findings)
{
    ProfileReader in(node, path, path + ".", findings);
    CredentialSource source;
    std::string env, file;
    in.text("env", env);
    in.text("file", file);
    in.strings("command", source.command, ListRule::Replace);
    in.text("pointer", source.pointer);
    in.duration("ttl", source.ttl);
    in.duration("timeout", source.timeout);
    bool is_unavailable = false;
    for (auto const key : kUnavailableTables)
        if (in.take(key) != nullptr) {
            is_unavailable = true;
            warn_unavailable(node, in_quotes(key), findings);
        }
    in.finish();
    int const forms = int(!env.empty()) + int(!file.empty()) + int(!source.command.empty());
    if (is_unavailable) {
        source = of_kind(CredentialSource::Kind::Unsupported, "a table");
    } else if (forms != 1) {
        findings
            .error("unknown-source", node.span, fmt::format("{} names no source of secrets", path))
            .help = "give exactly one of env, file, command";
    } else if (!source.command.empty()) {
        source.kind = CredentialSource::Kind::Command;
        source.text = "command " + source.command.front();
    } else if (!file.empty()) {
        auto const pointer = source.pointer;
        source = read_file_source(node, file, "file:" + file, findings);
        source.pointer = pointer;
    } else {
        source.kind = CredentialSource::Kind::Environment;
        source.name = env;
        source.text = "env:" + env;
    }
    return source;
}

} // namespace

std::vector<CredentialSource> read_sources(
    Node const& node, std::string const& path, ProfileFindings& findings)
{
    std::vector<CredentialSource> sources;
    std::vector<Node const*> forms{&node};
    if (node.kind == NodeKind::List) {
        forms.clear();
        for (auto const& item : node.items)
            forms.push_back(&item);
    }
    if (forms.empty() || forms.size() > kMaxSources)
        findings.error(
            "too-large", node.span, fmt::format("{} takes one to {} sources", path, kMaxSources));
    for (Node const* form : forms) {
        if (sources.size() == kMaxSources)
            break;
        if (form->kind == NodeKind::String)
            sources.push_back(read_scheme(*form, path, findings));
        else if (form->kind == NodeKind::Map)
            sources.push_back(read_table(*form, path, findings));
        else
            findings
                .error("wrong-type", form->span, fmt::format("{} must be a text or a table", path))
                .help =
                "write \"env:NAME\", \"file:PATH\" or { command = [\"PROGRAM\", \"ARGUMENT\"] }";
    }
    return sources;
}

} // namespace osh::policy
