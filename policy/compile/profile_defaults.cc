// The values of the design's reference that hold when no file of the chain speaks. Lists that
// protect secrets are here and not in a packaged file, so that a profile without `extends` has them
// too: they only grow.

#include "policy/compile/profile_sections.h"

namespace osh::policy
{
namespace
{

// Where people keep keys and tokens. A private home shows none of them; the list counts when a
// profile grants a folder above them.
std::vector<std::string> secret_paths()
{
    return {"~/.ssh", "~/.gnupg", "~/.aws", "~/.azure", "~/.config/gcloud", "~/.kube",
        "~/.docker/config.json", "~/.config/containers/auth.json", "~/.netrc", "~/.git-credentials",
        "~/.config/git/credentials", "~/.config/gh", "~/.config/hub", "~/.config/glab-cli",
        "~/.npmrc", "~/.yarnrc.yml", "~/.pypirc", "~/.config/pip", "~/.cargo/credentials*",
        "~/.gem/credentials", "~/.m2/settings.xml", "~/.gradle/gradle.properties",
        "~/.terraform.d/credentials*", "~/.vault-token", "~/.password-store",
        "~/.local/share/keyrings", "~/.local/share/kwalletd", "~/.config/op", "~/.config/sops",
        "~/.config/age", "~/.mozilla", "~/.config/google-chrome", "~/.config/chromium",
        "~/.config/BraveSoftware", "~/.thunderbird", "~/.bash_history", "~/.zsh_history",
        "~/.local/share/fish/fish_history", "~/.config/osh", "~/.local/state/osh"};
}

// Variables that usually hold secrets, matched without regard to case.
std::vector<std::string> secret_variables()
{
    return {"*_TOKEN", "*_TOKENS", "*_KEY", "*_KEYS", "*_SECRET", "*_SECRETS", "*_PASSWORD",
        "*_PASSWD", "*_PASSPHRASE", "*_PASS", "*_PAT", "*_CREDENTIAL", "*_CREDENTIALS", "*_AUTH",
        "*_COOKIE", "*APIKEY*", "*API_KEY*", "*ACCESS_KEY*", "*PRIVATE_KEY*", "*AUTH_TOKEN*",
        "TOKEN", "PASSWORD", "SECRET", "PGPASSWORD", "MYSQL_PWD", "AWS_*", "AZURE_*", "GOOGLE_*",
        "GCLOUD_*", "GH_*", "GITHUB_*", "GITLAB_*", "NPM_CONFIG_*", "DOCKER_AUTH_CONFIG",
        "KUBECONFIG", "VAULT_*", "OP_SESSION_*", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO",
        "DBUS_SESSION_BUS_ADDRESS", "*_DSN", "DATABASE_URL", "REDIS_URL", "MONGODB_URI"};
}

} // namespace

Profile default_profile()
{
    Profile profile;
    profile.filesystem.deny = secret_paths();
    profile.filesystem.mask = {".env", ".env.*", "!.env.example", "secrets/**"};
    profile.filesystem.protect = {".git/hooks", ".git/config", ".git/config.worktree", ".osh"};
    profile.filesystem.devices = {"null", "zero", "full", "random", "urandom", "tty"};
    profile.env.deny = secret_variables();
    return profile;
}

} // namespace osh::policy
