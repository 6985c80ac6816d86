#pragma once
// The supervisor gives up what it needs only for the start: starting programs, sockets to anywhere
// but this machine, new memory that can be executed, and the administration of the kernel (security
// design H20). After this, words from the control socket and from the helpers meet a process that
// can execute nothing and call nobody.
//
// No Landlock: whoever is in a domain may not look at processes outside of it
// (ptrace(2), PTRACE_MODE_READ), and looking at the namespaces of whoever connects to the control
// socket is what keeps the agent from answering its own questions.

#include "policy/base/result.h"

namespace osh::launcher
{

// After every helper was started. Proves that the filter acts.
Result<> confine_supervisor();

} // namespace osh::launcher
