#pragma once
// compile_policy for texts that were read already (with limits of the caller's choice).

#include "policy/compile/policy.h"

namespace osh::policy
{

struct LayerDocument {
    Document const* document = nullptr;
    std::string origin; // file, or "approval …"
    LayerRank rank = LayerRank::Profile;
};

CompiledPolicy compile_documents(std::vector<LayerDocument> const& layers, Enforcement enforcement);

} // namespace osh::policy
