#pragma once
// This process itself moves into new namespaces: unshare(2). For helpers that shed what they do not
// need; the sandbox is made by clone_process().

#include "launcher/sys/process.h"

namespace osh::sys
{

// With a new user namespace, this process's uid and gid are mapped to themselves. The process must
// still be dumpable (its /proc files belong to root otherwise) and have one thread.
Result<> enter_new_namespaces(NewNamespaces wanted);

} // namespace osh::sys
