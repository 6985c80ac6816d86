// `osh policy import`: settings of Claude Code or sandbox-runtime as a policy and a profile. The
// translation is policy/convert's; here are files, scopes by place, and the report on stderr.

#include "launcher/cli/policy_command.h"
#include "launcher/supervise/core/digest.h"
#include "launcher/supervise/places.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"
#include "policy/convert/import_settings.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::SettingsKind;
using policy::SettingsScope;

constexpr std::size_t kLargestSettings = 1 << 20;
constexpr int kPrivateFile = 0600;

OptionTable const& table()
{
    static OptionTable const options{"policy import", "claude-settings|srt-settings FILE…",
        "Turns settings files into a policy and a profile, on standard output unless told "
        "otherwise. What is lost is listed on standard error with the reason. Project files "
        "(PROJECT/.claude/settings*.json) widen nothing until confirmed by their digest.",
        {{"--policy-out", "FILE", "write the policy to a new file"},
            {"--profile-out", "FILE", "write the profile to a new file"},
            {"--name", "NAME", "name of the profile; imported unless given"},
            {"--scope", "SCOPE", "user, project, local, flag or managed; else told by the place"},
            {"--confirm", "DIGEST", "let the project file of this digest widen (repeatable)"},
            {"--strict", "", "exit 1 if anything is lost"},
            {"--json", "", "one JSON object with policy, profile and report"}},
        Positionals::Intermixed};
    return options;
}

std::optional<SettingsScope> scope_of_word(std::string_view word)
{
    constexpr std::pair<std::string_view, SettingsScope> kWords[] = {{"user", SettingsScope::User},
        {"project", SettingsScope::Project}, {"local", SettingsScope::Local},
        {"flag", SettingsScope::Flag}, {"managed", SettingsScope::Managed}};
    for (auto const& [name, scope] : kWords)
        if (name == word)
            return scope;
    return std::nullopt;
}

// By the place where Claude Code looks. A file elsewhere is what its --settings would name.
SettingsScope scope_of_place(std::string const& path, SettingsKind kind)
{
    if (kind == SettingsKind::SandboxRuntime)
        return SettingsScope::User;
    auto const environment = launcher::environment_of_this_process();
    auto const home = environment.find("HOME");
    if (path.starts_with("/etc/claude-code/"))
        return SettingsScope::Managed;
    if (home != environment.end() && path == home->second + "/.claude/settings.json")
        return SettingsScope::User;
    if (path.ends_with(".claude/settings.local.json"))
        return SettingsScope::Local;
    return path.ends_with(".claude/settings.json") ? SettingsScope::Project : SettingsScope::Flag;
}

Result<policy::SettingsFile> settings_file(
    std::string const& path, SettingsKind kind, ParsedOptions const& options)
{
    LET(text, sys::read_file(path, kLargestSettings));
    policy::SettingsFile file{
        path, std::move(text), scope_of_place(path, kind), policy::MayWiden::Yes, ""};
    if (options.has("scope")) {
        auto const scope = scope_of_word(options.last("scope"));
        if (!scope)
            return fail(Errc::Invalid, "--scope takes user, project, local, flag or managed, not "
                                           + in_quotes(options.last("scope")));
        file.scope = *scope;
    }
    file.digest = launcher::sha256_base64(file.text);
    bool const is_projects =
        file.scope == SettingsScope::Project || file.scope == SettingsScope::Local;
    auto const confirmed = options.all("confirm");
    if (is_projects && std::ranges::find(confirmed, file.digest) == confirmed.end())
        file.may_widen = policy::MayWiden::No;
    return file;
}

// Never over a file that is there: a person's policy is not ours to replace.
Result<> write_new(std::string const& path, std::string const& text)
{
    LET(file, sys::open_path(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kPrivateFile));
    return sys::write_all(file, text);
}

Result<> deliver(policy::ImportedSettings const& imported, ParsedOptions const& options)
{
    std::string const policy_out = options.last("policy-out");
    std::string const profile_out = options.last("profile-out");
    if (!policy_out.empty())
        TRY(write_new(policy_out, imported.policy));
    if (!profile_out.empty())
        TRY(write_new(profile_out, imported.profile));
    bool const both = policy_out.empty() && profile_out.empty();
    if (policy_out.empty())
        fmt::print("{}{}", both ? "# ---- policy ----\n" : "", imported.policy);
    if (profile_out.empty())
        fmt::print("{}{}", both ? "\n# ---- profile ----\n" : "", imported.profile);
    return {};
}

int usage(std::string const& sentence)
{
    fmt::print(stderr, "osh policy import: {}. See `osh policy import --help`.\n", sentence);
    return kPolicyUsage;
}

bool has_losses(Diagnostics const& report)
{
    return std::ranges::any_of(
        report, [](Diagnostic const& one) { return one.severity != Severity::Note; });
}

policy::ImportOptions import_options(ParsedOptions const& options, SettingsKind kind)
{
    policy::ImportOptions out;
    out.kind = kind;
    out.profile_name = options.last("name", "imported");
    out.policy_file = "./" + out.profile_name + ".yaml";
    if (std::string const path = options.last("policy-out"); !path.empty())
        out.policy_file = path.find('/') == std::string::npos ? "./" + path : path;
    return out;
}

int import(
    std::vector<policy::SettingsFile> const& files, ParsedOptions const& options, SettingsKind kind)
{
    auto const imported = policy::import_settings(files, import_options(options, kind));
    bool const is_done = !imported.policy.empty();
    if (options.has("json")) {
        fmt::print("{{\"v\":1,\"policy\":{},\"profile\":{},\"report\":{}}}\n",
            json_quoted(imported.policy), json_quoted(imported.profile),
            render_json(imported.report));
    } else {
        fmt::print(stderr, "{}", render(imported.report));
        if (auto const done = is_done ? deliver(imported, options) : Result<>{}; !done) {
            fmt::print(stderr, "osh policy import: {}\n", done.error().sentence);
            return kPolicyNo;
        }
    }
    bool const is_fine = is_done && !(options.has("strict") && has_losses(imported.report));
    return is_fine ? kPolicyFine : kPolicyNo;
}

} // namespace

int policy_import(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    auto const& words = options.parsed->positionals;
    if (words.size() < 2)
        return usage("expected claude-settings or srt-settings, and a file");
    if (words[0] != "claude-settings" && words[0] != "srt-settings")
        return usage(
            fmt::format("no importer {}: claude-settings or srt-settings", in_quotes(words[0])));
    SettingsKind const kind =
        words[0] == "srt-settings" ? SettingsKind::SandboxRuntime : SettingsKind::ClaudeCode;
    std::vector<policy::SettingsFile> files;
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto file = settings_file(words[i], kind, *options.parsed);
        if (!file) {
            fmt::print(stderr, "osh policy import: {}\n", file.error().sentence);
            return kPolicyUsage;
        }
        files.push_back(*std::move(file));
    }
    return import(files, *options.parsed, kind);
}

} // namespace osh::cli
