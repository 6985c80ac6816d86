#pragma once
// A GraphQL document, as far as rules need it: the selected operation, its type, its name and its
// root fields with fragments expanded. GraphQL specification, October 2021, section 2; executable
// documents only. What it is not: validation against a schema.

#include "policy/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

struct GraphqlOperation {
    std::string type; // "query", "mutation", "subscription"; "" for a persisted query without text
    std::string name;
    std::vector<std::string> fields; // root fields, aliases resolved
    std::string registry_key;        // hash, else id, of a persisted query without text
};

// The operation that `operation_name` selects; without a name there must be exactly one.
Result<GraphqlOperation> parse_graphql(std::string_view document, std::string_view operation_name);

} // namespace osh::policy
