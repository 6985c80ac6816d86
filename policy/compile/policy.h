#pragma once
// The compiled policy: immutable, shared, asked by evaluate(). How it is laid out inside is
// compile's own business.

#include "policy/document/node.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

class CompiledNetwork; // the index that evaluate() walks

struct FilesystemSection {
    bool is_present = false;     // the section exists in the document
    bool include_workdir = true; // false when the section exists and does not say so
    std::vector<std::string> read_only;
    std::vector<std::string> read_write;
};

enum class LandlockCompatibility { BestEffort, HardRequirement };

struct Policy;

// Whose word a layer is. Profile, User and Session grant: together they are one policy. Project and
// Global only narrow: what they name no rule for is refused, whatever the others say; a Session's
// own rules stand above the Project's. docs/policy-layers.md
enum class LayerRank : std::uint8_t { Profile, User, Project, Session, Global };
std::string_view name_of(LayerRank rank); // "project"
bool may_only_narrow(LayerRank rank);

// A narrowing layer: it must allow too, unless `exempt` does.
struct PolicyCeiling {
    LayerRank rank = LayerRank::Project;
    std::shared_ptr<Policy const> policy;
    std::shared_ptr<Policy const> exempt; // the session's rules alone; may be null
};

// One policy: what a list of documents (layers) says together.
struct Policy {
    FilesystemSection filesystem;
    LandlockCompatibility landlock = LandlockCompatibility::BestEffort;
    std::shared_ptr<CompiledNetwork const> network; // never null in a policy made by compile_policy
    std::vector<PolicyCeiling> ceilings; // in the order of LayerRank; empty in most policies
};

enum class Enforcement {
    AsWritten,
    DefaultEnforce
}; // DefaultEnforce: an endpoint without `enforcement` enforces

struct PolicyLayer {
    std::string name; // file name as shown to people
    std::string text; // OpenShell YAML
    // A session grant or a remembered approval; shown as the rule's origin instead of the file.
    // Empty for files.
    std::string approval;
    LayerRank rank = LayerRank::Profile;
};

struct CompiledPolicy {
    std::shared_ptr<Policy const> policy; // null if there are errors
    Diagnostics diagnostics;              // all of all layers
};

// Granting layers are merged: a union of their network policies; narrowing ones become ceilings
// (docs/policy-layers.md).
CompiledPolicy compile_policy(
    std::vector<PolicyLayer> const& layers, Enforcement enforcement = Enforcement::AsWritten);

} // namespace osh::policy
