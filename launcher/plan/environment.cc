#include "launcher/plan/environment.h"

#include "launcher/plan/glob.h"
#include "launcher/plan/project_tree.h"
#include "launcher/plan/system_tree.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <fmt/format.h>

namespace osh::launcher
{
namespace
{

// Harmless, and programs behave oddly without them.
constexpr std::array kSafeNames{"LANG", "LANGUAGE", "LC_*", "TERM", "COLORTERM", "TZ", "EDITOR",
    "VISUAL", "PAGER", "LESS", "NO_COLOR", "CLICOLOR", "COLUMNS", "LINES"};

// Names whose values are secrets. Deny wins over every allow list; only allow_secret passes, by
// exact name.
constexpr std::array kSecretNames{"*TOKEN*", "*_KEY", "*APIKEY*", "*API_KEY*", "*SECRET*",
    "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*CREDENTIAL*", "*_AUTH", "*_PAT",
    "*COOKIE*", "*PRIVATE*", "*_DSN", "DATABASE_URL", "*_DATABASE_URL", "REDIS_URL", "MONGODB_URI",
    "AWS_*", "AZURE_*", "GOOGLE_*", "GCP_*", "GCLOUD_*", "CLOUDSDK_*", "GITHUB_*", "GH_*",
    "GITLAB_*", "NPM_*", "NODE_AUTH_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "HF_*", "HUGGING*",
    "DOCKER_*", "KUBE*", "VAULT_*", "TF_VAR_*", "PGPASS*", "PGUSER", "MYSQL_*", "SENTRY_*",
    "SLACK_*", "STRIPE_*", "TWILIO_*", "SENDGRID_*", "CARGO_REGISTRY_*", "PYPI_*", "TWINE_*",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX*", "*_PROXY", "*_proxy"};

// Ways to a socket, display or helper of the host (security design H8), and to code in our own
// processes.
constexpr std::array kHostDoors{"DBUS_*", "SSH_*", "GPG_*", "GNUPGHOME", "DISPLAY", "WAYLAND_*",
    "XAUTHORITY", "TMUX*", "STY", "VSCODE_*", "PULSE_*", "PIPEWIRE_*", "GNOME_KEYRING_*",
    "XDG_SESSION_*", "XDG_RUNTIME_DIR", "NVIM", "EMACS_SOCKET_NAME", "KITTY_*", "WEZTERM_*",
    "GIT_ASKPASS", "GIT_*", "JAVA_TOOL_OPTIONS", "LD_*", "GCONV_PATH", "PYTHONSTARTUP", "PERL5OPT",
    "BASH_ENV", "ENV", "PROMPT_COMMAND", "BASH_FUNC_*", "NODE_OPTIONS", "BUN_OPTIONS", "OSH_*",
    "SUDO_*", "MAIL"};

// Programs with roots of their own, which only a variable makes look at the bundle.
constexpr std::array kTrustVariables{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "npm_config_cafile", "CARGO_HTTP_CAINFO",
    "DENO_CERT", "AWS_CA_BUNDLE", "NIX_SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "HTTPLIB2_CA_CERTS", "CODEX_CA_CERTIFICATE",
    "PERL_LWP_SSL_CA_FILE", "BUNDLE_SSL_CA_CERT", "HEX_CACERTS_PATH"};

constexpr std::string_view kSystemPath =
    "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
constexpr std::size_t kShortestSecret = 8; // shorter values are found in anything

template<typename Names>
bool is_one_of(std::string const& name, Names const& patterns)
{
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
        // Most differ in their first letter.
        bool const may_match = pattern.empty() || pattern[0] == '*' || pattern[0] == '?'
                               || name.starts_with(pattern[0]);
        return may_match && matches_glob(pattern, name);
    });
}

bool is_secret(std::string const& name, policy::EnvProfile const& env)
{
    auto const& exempt = env.allow_secret;
    if (std::find(exempt.begin(), exempt.end(), name) != exempt.end())
        return false;
    return is_one_of(name, kSecretNames) || is_one_of(name, env.deny);
}

bool is_wanted(std::string const& name, policy::EnvProfile const& env)
{
    auto const& exempt = env.allow_secret;
    if (std::find(exempt.begin(), exempt.end(), name) != exempt.end())
        return true;
    if (is_secret(name, env) || is_one_of(name, kHostDoors))
        return false;
    if (is_one_of(name, env.allow))
        return true;
    return env.inherit == policy::EnvInherit::All
           || (env.inherit == policy::EnvInherit::Safe && is_one_of(name, kSafeNames));
}

std::string search_path(HostFacts const& facts, policy::Profile const& profile)
{
    std::vector<std::string> parts;
    if (profile.agent)
        parts = profile.agent->program_directories;
    for (auto const& entry : profile.env.path)
        parts.push_back(entry.starts_with("~/") ? facts.home + entry.substr(1) : entry);
    if (profile.env.path.empty())
        parts.emplace_back(kSystemPath);
    return fmt::format("{}", fmt::join(parts, ":"));
}

using Variables = std::map<std::string, std::string>;

void set_own(Variables& variables, HostFacts const& facts, policy::Profile const& profile)
{
    variables["PATH"] = search_path(facts, profile);
    variables["HOME"] = facts.home;
    variables["USER"] = facts.user_name;
    variables["LOGNAME"] = facts.user_name;
    variables["SHELL"] = facts.shell.empty() ? "/bin/sh" : facts.shell;
    variables["XDG_RUNTIME_DIR"] = fmt::format("/run/user/{}", facts.uid);
    variables.try_emplace("LANG", "C.UTF-8");
    variables["OSH"] = "1";
}

void drop_copies_of_secrets(Variables& kept, Variables const& host, policy::EnvProfile const& env)
{
    for (auto const& [name, value] : host) {
        if (value.size() < kShortestSecret || !is_secret(name, env))
            continue;
        std::erase_if(kept,
            [&](auto const& variable) { return variable.second.find(value) != std::string::npos; });
    }
}

} // namespace

void add_environment(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    Variables kept;
    for (auto const& [name, value] : facts.environment)
        if (is_wanted(name, profile.env))
            kept.emplace(name, value);
    drop_copies_of_secrets(kept, facts.environment, profile.env);
    set_own(kept, facts, profile);
    if (plan.has_network) {
        for (auto const* name : kTrustVariables)
            kept[name] = kTrustFile;
        kept["SSL_CERT_DIR"] = kHashedDirectory;
        kept["UV_NATIVE_TLS"] = "1"; // uv asks the platform's verifier, which reads SSL_CERT_FILE
    }
    for (auto const& [name, value] : plan.door_variables)
        kept[name] = value;
    for (auto const& [name, value] : profile.env.set) {
        std::string text = value;
        if (auto const place = text.find("$PROJECT"); place != std::string::npos)
            text.replace(place, std::string_view("$PROJECT").size(), plan.project);
        kept[name] = text;
    }
    for (auto const& [name, value] : kept)
        plan.environment.push_back(name + "=" + value);
    for (auto const& [name, value] : facts.environment)
        if (!kept.contains(name))
            plan.environment_removed.push_back(name);
}

} // namespace osh::launcher
