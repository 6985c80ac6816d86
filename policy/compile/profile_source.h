#pragma once
// `source = …` of a credential: one form or a list of forms tried in order (design: credentials,
// sources). Not here: fetching anything.

#include "policy/compile/profile_reader.h"
#include "policy/model/profile.h"

namespace osh::policy
{

std::vector<CredentialSource> read_sources(
    Node const& node, std::string const& path, ProfileFindings& findings);

} // namespace osh::policy
