#pragma once
// What a valid policy says that its writer probably did not mean: the silent traps of the schema.
// All findings are warnings. What it is not: validation (policy/compile).

#include "policy/document/node.h"

namespace osh::policy
{

Diagnostics lint(Document const& document);

} // namespace osh::policy
