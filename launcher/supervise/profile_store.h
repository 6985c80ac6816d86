#pragma once
// Where profiles and policies lie on this machine, and reading them: the user's folder, then what
// came with osh. It decides nothing: compile_profile() does. Not here: writing approvals, trust of
// project overlays.

#include "policy/base/diagnostic.h"
#include "policy/base/result.h"
#include "policy/compile/policy.h"
#include "policy/compile/profile.h"
#include "policy/model/profile.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxProfileBytes = 256 * 1024; // one TOML file, written by a person
inline constexpr std::size_t kMaxPolicyBytes = 256 * 1024;  // OpenShell's own bound, 262,144
inline constexpr std::size_t kMaxProfilesListed = 512;      // files of one folder

struct StorePlaces {
    std::string config;    // $XDG_CONFIG_HOME/osh or ~/.config/osh; "" without a home
    std::string packaged;  // <directory of the executable>/../share/osh
    std::string home;      // for "~/" in file names
    std::string directory; // relative file names start here
    std::string machine;   // /etc/osh: what the machine's owner says
};

// Pure: from the environment (XDG_CONFIG_HOME, HOME) and the directory of the executable.
StorePlaces store_places(std::map<std::string, std::string> const& environment,
    std::string const& executable_directory, std::string const& working_directory);
Result<StorePlaces> find_store_places(); // the same from environ, /proc/self/exe and getcwd(2)

enum class StoredKind { User, Packaged, Agent };

struct StoredProfile {
    std::string name, path, description;
    StoredKind kind = StoredKind::User;
    bool is_abstract = false;
};

// All profiles by name, user files first; unreadable ones have the reason as description.
std::vector<StoredProfile> list_profiles(StorePlaces const& places);

// A name (user profile, packaged profile, agent preset, in this order) or a file (contains '/' or
// ends in ".toml") -> the path. The error is the whole text of "profile-missing", with a
// suggestion.
Result<std::string> profile_path(StorePlaces const& places, std::string const& name_or_file);

struct LoadedProfile {
    std::optional<policy::Profile> profile; // absent: diagnostics say why
    Diagnostics diagnostics;                // errors and warnings
    Diagnostics notes;                      // advice, for `osh profile check` only
    std::vector<std::string> files;         // read for it, for a later reload
};

// `-p A -p B`: later ones extend earlier ones. An Error is about finding files, diagnostics are
// about their content. No name: "strict".
Result<LoadedProfile> load_profile(
    StorePlaces const& places, std::vector<std::string> const& names_or_files);

// The agent preset whose command or alias is the base name of `command`, "" if none: `osh run -p
// daily claude` loads {"daily", preset}.
std::string preset_for_command(StorePlaces const& places, std::string const& command);

// The policy documents of a profile in order: `[policy] file`, `add`, and the remembered approvals
// (<config>/policies/NAME.approved.yaml of the profile's name), which need not exist. A name is
// looked up in <config>/policies, then <packaged>/policies; a name with '/' is a path. Empty
// without a policy file.
Result<std::vector<policy::PolicyLayer>> load_policy_layers(
    StorePlaces const& places, policy::Profile const& profile);
// The same for one document, as `--policy FILE` and `osh policy set` need it: there a name that
// ends in ".yaml" or ".yml" is a path as well, from the working directory.
Result<policy::PolicyLayer> load_policy_file(
    StorePlaces const& places, std::string const& name_or_path);

// The documents that may only narrow (docs/policy-layers.md): the machine's, <machine>/policy.yaml,
// and the project's own, <project>/.osh/policy.yaml, unless the profile says `overlay = "ignore"`.
// None of them need exist; one that exists and cannot be read is an error.
inline constexpr char kProjectPolicy[] = ".osh/policy.yaml";
Result<std::vector<policy::PolicyLayer>> load_narrowing_layers(
    StorePlaces const& places, policy::ProjectOverlay overlay, std::string const& project_root);
// Where remembered allows of this profile are written.
std::string approved_policy_path(StorePlaces const& places, std::string const& profile_name);

} // namespace osh::launcher
