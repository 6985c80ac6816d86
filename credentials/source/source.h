#pragma once
// Where secrets come from: the launcher's environment, files, commands. Runs in the supervisor, on
// the host, at first use. Not here: which credential a request gets (credentials/rewrite).

#include "credentials/secret.h"
#include "policy/base/result.h"
#include "policy/model/profile.h"

#include <map>
#include <string>
#include <vector>

namespace osh::credentials
{

inline constexpr std::size_t kMaxSecretBytes = 16 * 1024; // of one value: fits a header field
inline constexpr std::size_t kMaxSourceBytes = 64 * 1024; // of a file or a command's output
inline constexpr Duration kSourceTimeout = 10s;           // of a command that names none
inline constexpr Duration kLongestSourceTimeout = 60s;

struct SourceContext {
    std::map<std::string, std::string> environment; // of the launcher
    std::string home;
    std::string project_root; // files below it are refused: the agent could write them; "" if none
};

struct Found {
    Secret value;
    std::string source;                // its text, for `osh secret check`
    std::vector<std::string> warnings; // "~/.x/token can be read by others (mode 0644)"
};

// The error's sentence says what is missing and never holds text from the source.
Result<Found> find_secret(policy::CredentialSource const& source, SourceContext const& context);
// The first source that gives a value; else all reasons in one sentence.
Result<Found> find_secret(policy::Credential const& credential, SourceContext const& context);

// Is there something to take a value from, without taking it? For `when = "source-present"`.
bool is_present(policy::Credential const& credential, SourceContext const& context);
// The credentials of a session: `when` conditions hold, and one of each group, the first.
std::vector<policy::Credential const*> in_force(
    policy::Profile const& profile, SourceContext const& context);

// NAME=value of the environment that a command gets: what it needs to find its keyring and its
// settings, no more.
std::vector<std::string> clean_environment(SourceContext const& context);
// The absolute folders of PATH outside the project: a program that the agent could have put there
// must not run on the host.
std::vector<std::string> safe_search_path(SourceContext const& context);

} // namespace osh::credentials
