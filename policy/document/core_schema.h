#pragma once
// YAML 1.2 core schema (section 10.3.2): which plain scalar is null, boolean, integer, float or
// string, as serde_yaml reads it ("yes" and "on" are strings, "007" is a string).

#include "policy/document/node.h"

namespace osh::policy
{

// Fills kind, integer, number and boolean from node.scalar. For plain scalars only.
void resolve_plain_scalar(Node& node);

} // namespace osh::policy
