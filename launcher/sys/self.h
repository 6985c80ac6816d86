#pragma once
// What a process of ours does to itself: prctl(2), setrlimit(2), umask(2).

#include "policy/base/result.h"

namespace osh::sys
{

Result<> set_no_new_privileges(); // and prove it
void forbid_core_dumps();         // RLIMIT_CORE 0
Result<> forbid_inspection();     // PR_SET_DUMPABLE 0, and prove it
void set_private_umask();         // 077

} // namespace osh::sys
