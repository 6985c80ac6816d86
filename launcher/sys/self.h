#pragma once
// What a process of ours does to itself: prctl(2), setrlimit(2), umask(2).

#include "policy/base/result.h"

#include <cstdint>

namespace osh::sys
{

Result<> set_no_new_privileges(); // and prove it
void forbid_core_dumps();         // RLIMIT_CORE 0
Result<> forbid_inspection();     // PR_SET_DUMPABLE 0, and prove it
void set_private_umask();         // 077
std::uint32_t own_umask();
std::uint32_t own_user(); // getuid(2)
std::uint32_t own_group();

// Tried with arguments that do no harm: is the call refused by a filter, or by its arguments only?
bool may_execute();
bool may_open_internet_socket();

} // namespace osh::sys
