#pragma once
// After the powers are given up: tries what must now be impossible, in release builds too. A
// success here is our mistake or the kernel's, and the agent is not started (security design S14).

#include "launcher/plan/plan.h"

namespace osh::launcher
{

Result<> prove_confined(Plan const& plan);

} // namespace osh::launcher
