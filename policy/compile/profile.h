#pragma once
// Profile texts -> one Profile and all diagnostics (design: profiles). Pure: whoever calls has read
// the files; what `extends` may name comes in as a value. Paths keep their ~, $PROJECT and $STATE:
// the planner expands them.

#include "policy/base/diagnostic.h"
#include "policy/model/profile.h"

#include <optional>
#include <string>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxExtendsDepth = 8;
inline constexpr std::size_t kMaxChain = 64; // files that one profile is made of

// User: a person's own file. Packaged: came with osh. Agent: an agent preset, which may set only
// what belongs to its agent.
enum class ProfileOrigin { User, Packaged, Agent };

struct ProfileText {
    std::string name;  // what `extends` and `-p` say
    std::string shown; // file name for diagnostics
    std::string text;
    ProfileOrigin origin = ProfileOrigin::User;
    std::string directory; // a policy file given as "./x.yaml" is looked up here
};

// Where `extends` looks: the first entry of a name wins (user files stand before packaged ones).
using ProfileShelf = std::vector<ProfileText>;

struct CompiledProfile {
    std::optional<Profile> profile; // absent if there are errors
    Diagnostics diagnostics;
};

// The files of `requested` and what they extend, base first, each once. A later one overrides an
// earlier one. `known_names` are suggested for a misspelt name in `extends`.
CompiledProfile compile_profile(std::vector<ProfileText> const& requested,
    ProfileShelf const& shelf, std::vector<std::string> const& known_names = {});

// The names that the texts extend: what the shelf must hold. Reads no further than needed.
std::vector<std::string> names_extended_by(ProfileText const& text);

// The profile as TOML, every value spelled out: `osh profile show NAME --effective`.
std::string profile_as_toml(Profile const& profile);

} // namespace osh::policy
