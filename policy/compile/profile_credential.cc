// [[credential]] tables. One of the name of an inherited one changes it: the keys that are present
// replace, so a profile can point a packaged credential at another source.

#include "policy/base/text.h"
#include "policy/compile/profile_sections.h"
#include "policy/compile/profile_source.h"
#include "policy/compile/profile_words.h"
#include "policy/model/placeholder_shape.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMaxCredentials = 64; // of one profile
constexpr std::size_t kMaxAttach = 64;      // of one credential
constexpr std::size_t kMaxEnv = 32;         // of one credential

using Kind = CredentialAttach::Kind;
Words<Kind> const kAttachWords{{"bearer", Kind::Bearer}, {"header", Kind::Header},
    {"basic", Kind::Basic}, {"query", Kind::Query}, {"path", Kind::Path}, {"git", Kind::Git},
    {"mtls", Kind::Mtls}};
constexpr std::string_view kUnavailableKinds[] = {
    "body", "websocket", "cookie", "aws-sigv4", "oauth", "registry", "ssh", "sign"};

bool is_token(std::string_view text) // RFC 9110 section 5.6.2
{
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || kOthers.find(c) != std::string_view::npos;
    });
}

// Exact host names only: "all allowed hosts" is what a leak needs.
bool is_exact_host(std::string_view host)
{
    return !host.empty() && host.size() <= 253 && host.front() != '.' && host.back() != '.'
           && std::ranges::all_of(host, [](char c) {
                  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'
                         || c == '_';
              });
}

void check_host(ProfileReader& in, Span whole, CredentialAttach& attach)
{
    attach.host = to_lower_ascii(attach.host);
    if (is_exact_host(attach.host))
        return;
    bool const is_missing = attach.host.empty();
    auto& d = in.findings().error(is_missing ? "host-missing" : "host-not-exact",
        is_missing ? whole : in.key_span("host"),
        is_missing ? "a credential is attached to a named host only"
                   : fmt::format("{} is not an exact host name", in_quotes(attach.host)));
    d.label = is_missing ? "host is missing" : "";
    d.help = "write host = \"api.example.com\"; port and path have keys of their own";
}

void read_kind(ProfileReader& in, CredentialAttach& attach)
{
    in.text("kind", attach.kind_text);
    if (std::ranges::find(kUnavailableKinds, attach.kind_text) == std::end(kUnavailableKinds)) {
        if (!in.has("kind")) {
            auto& d = in.findings().error(
                "kind-missing", in.span(), fmt::format("{} is missing", in.path("kind")));
            d.help = "write kind = \"bearer\" or another attach kind of osh-profile(5)";
            return;
        }
        in.word("kind", kAttachWords, attach.kind);
        return;
    }
    auto& d = in.findings().error("unavailable", in.key_span("kind"),
        fmt::format(
            "attach kind {} is not available in osh {}", in_quotes(attach.kind_text), OSH_VERSION));
    d.label = "no secret would be attached";
}

void check_slot(ProfileReader& in, CredentialAttach const& attach)
{
    auto const need = [&](std::string_view key, bool is_right, std::string_view what) {
        if (!is_right)
            in.findings().error("slot", in.has(key) ? in.key_span(key) : in.span(),
                fmt::format("attach kind {} needs {}", in_quotes(attach.kind_text), what));
    };
    if (attach.kind == Kind::Header)
        need("header", is_token(attach.header), "header = \"NAME\"");
    if (attach.kind == Kind::Query)
        need("param", !attach.param.empty(), "param = \"NAME\"");
    if (attach.kind == Kind::Basic)
        need("user", in.has("user"), "user = \"NAME\"");
    if (attach.kind == Kind::Mtls)
        for (auto const key : {"path", "methods", "header", "template", "user", "param"})
            need(key, !in.has(key), "host and port alone: it is shown before any request");
    need("template", attach.value_template.find("{value}") != std::string::npos,
        "a template with {value} in it");
    need("path", attach.path.starts_with("/") || attach.path == "**", "a path that starts with /");
}

CredentialAttach read_attach(Node const& node, std::string const& path, ProfileFindings& findings)
{
    ProfileReader in(node, path, path + ".", findings);
    CredentialAttach attach;
    read_kind(in, attach);
    in.text("host", attach.host);
    in.port("port", attach.port);
    in.text("path", attach.path);
    in.strings("methods", attach.methods, ListRule::Replace);
    in.text("header", attach.header);
    in.text("template", attach.value_template);
    in.text("user", attach.user);
    in.text("param", attach.param);
    in.unavailable("push");
    in.unavailable("refs");
    in.finish();
    check_host(in, node.span, attach);
    check_slot(in, attach);
    if (attach.port == 0)
        findings.error("wrong-type", in.key_span("port"), "a port is a number from 1 to 65535");
    for (auto& method : attach.methods)
        std::ranges::transform(method, method.begin(),
            [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return attach;
}

CredentialEnv read_env(Node const& node, std::string const& path, ProfileFindings& findings)
{
    ProfileReader in(node, path, path + ".", findings);
    CredentialEnv env;
    env.shape = "plain";
    in.text("name", env.name);
    Words<std::string> shapes;
    for (auto const& shape : placeholder_shapes())
        shapes.emplace_back(shape.name, std::string(shape.name));
    in.word("shape", shapes, env.shape);
    in.finish();
    if (!is_token(env.name) || env.name.find_first_of("-.=") != std::string::npos)
        findings.error("variable-name", in.has("name") ? in.key_span("name") : node.span,
            fmt::format("{} must name a variable", in.path("name")));
    return env;
}

// What of the design this version does not serve yet. An error, as leaving them out would change
// who sees a secret.
void refuse_unavailable(ProfileReader& in)
{
    for (auto const key : {"fields", "file", "refresh", "expose", "reason"})
        in.unavailable(key);
}

void read_lists(ProfileReader& in, std::string const& path, Credential& into)
{
    if (Node const* const source = in.take("source"))
        into.sources = read_sources(*source, path + ".source", in.findings());
    auto const attach = in.take_tables("attach");
    if (in.has("attach"))
        into.attach.clear();
    for (Node const* node : attach)
        if (into.attach.size() < kMaxAttach)
            into.attach.push_back(read_attach(*node, path + ".attach", in.findings()));
    auto const env = in.take_tables("env");
    if (in.has("env"))
        into.env.clear();
    for (Node const* node : env)
        if (into.env.size() < kMaxEnv)
            into.env.push_back(read_env(*node, path + ".env", in.findings()));
    in.strings("programs", into.programs, ListRule::Replace);
    if (attach.size() > kMaxAttach || env.size() > kMaxEnv)
        in.findings().error("too-large", in.span(), "too many attach or env tables");
}

void check_complete(ProfileReader& in, Credential const& credential)
{
    std::string const name = in_quotes(credential.name);
    if (credential.sources.empty())
        in.findings()
            .error("source-missing", in.key_span("name"),
                fmt::format("credential {} has no source", name))
            .help = "write source = \"env:NAME\"";
    if (credential.attach.empty())
        in.findings()
            .error("attach-missing", in.key_span("name"),
                fmt::format("credential {} is attached to no host", name))
            .help = "write attach = [ { kind = \"bearer\", host = \"api.example.com\" } ]";
    bool const is_shown_first = std::ranges::any_of(
        credential.attach, [](auto const& one) { return one.kind == Kind::Mtls; });
    if (is_shown_first
        && (!credential.programs.empty() || credential.attach.size() > 1
            || !credential.env.empty()))
        in.findings()
            .error("mtls-alone", in.key_span("name"),
                fmt::format("credential {} is a client certificate: it belongs to connections, "
                            "which programs share",
                    name))
            .help = "leave programs and env out; the policy says which programs may reach the host";
    if (credential.programs.empty())
        in.findings()
            .add(Severity::Note, "any-program", in.key_span("name"),
                fmt::format("any program inside may use credential {}", name))
            .help = "programs = [\"NAME\"] narrows it";
}

bool is_credential_name(std::string_view name)
{
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '-' || c == '_' || c == '.';
    });
}

Credential* find_or_add(std::string const& name, Profile& into)
{
    auto found = std::ranges::find(into.credentials, name, &Credential::name);
    if (found != into.credentials.end())
        return &*found;
    if (into.credentials.size() >= kMaxCredentials)
        return nullptr;
    into.credentials.push_back({});
    into.credentials.back().name = name;
    return &into.credentials.back();
}

void apply_credential(
    Node const& node, ProfileText const& file, ProfileFindings& findings, Profile& into)
{
    ProfileReader in(node, "[[credential]]", "credential.", findings);
    std::string name;
    in.text("name", name);
    if (!is_credential_name(name)) {
        findings.error("credential-name", in.has("name") ? in.key_span("name") : node.span,
            "a credential needs a name of letters, digits, \"-\", \"_\" and \".\"");
        return;
    }
    Credential* const credential = find_or_add(name, into);
    if (credential == nullptr) {
        findings.error(
            "too-large", node.span, fmt::format("more than {} credentials", kMaxCredentials));
        return;
    }
    read_lists(in, "credential", *credential);
    in.word("attach_mode", kAttachModeWords, credential->mode);
    in.flag("optional", credential->optional);
    in.flag("plaintext", credential->plaintext);
    in.word("response", kResponseWords, credential->scrub_responses);
    in.count("uses_per_minute", credential->uses_per_minute);
    in.word("when",
        Words<std::string>{
            {"source-present", "source-present"}, {"login-file-exists", "login-file-exists"}},
        credential->when);
    in.text("group", credential->group);
    refuse_unavailable(in);
    in.finish();
    credential->from_agent_preset = file.origin == ProfileOrigin::Agent;
    check_complete(in, *credential);
}

} // namespace

void apply_credentials(ProfileReader& top, ProfileText const& file, Profile& into)
{
    for (Node const* node : top.take_tables("credential"))
        apply_credential(*node, file, top.findings(), into);
}

} // namespace osh::policy
