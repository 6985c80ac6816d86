#pragma once
// Other tools' sandbox settings as a policy and a profile of ours: the `sandbox` block of Claude
// Code's settings.json and sandbox-runtime's own settings. Every key that cannot be honoured is
// reported at its place with the reason. What it is not: reading files, asking people.

#include "policy/base/diagnostic.h"

#include <string>
#include <vector>

namespace osh::policy
{

// Where a file stands in Claude Code's order. Project and Local come with a repository: what they
// widen waits for a confirmation.
enum class SettingsScope { User, Project, Local, Flag, Managed };
enum class SettingsKind { ClaudeCode, SandboxRuntime };
enum class MayWiden : bool { No, Yes };

struct SettingsFile {
    std::string name; // as shown
    std::string text; // JSON
    SettingsScope scope = SettingsScope::User;
    MayWiden may_widen = MayWiden::Yes; // Project, Local: Yes only after a confirmation
    std::string digest;                 // what a confirmation names; "" for trusted files
};

struct ImportOptions {
    SettingsKind kind = SettingsKind::ClaudeCode;
    std::string profile_name = "imported";
    std::string policy_file = "./imported.yaml"; // what the profile calls the policy
};

struct ImportedSettings {
    std::string policy;  // OpenShell YAML; empty if there are errors
    std::string profile; // osh TOML
    Diagnostics report;  // warnings: lost or waiting; notes: already so in osh
};

ImportedSettings import_settings(
    std::vector<SettingsFile> const& files, ImportOptions const& options);

} // namespace osh::policy
