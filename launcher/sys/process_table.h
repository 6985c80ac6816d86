#pragma once
// A process as the kernel describes it to others: proc_pid_status(5), proc_pid_ns(5). For reports
// to people; nothing is decided by it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace osh::sys
{

struct ProcessRow {
    std::int32_t pid = 0, parent = 0;
    std::string name; // comm
    std::string no_new_privileges, seccomp, effective, bounding;
    std::map<std::string, std::uint64_t> namespaces; // empty when it may not be looked at
    std::int32_t descriptors = -1;                   // -1: may not be looked at
};

inline constexpr std::size_t kMaxFamily = 4096;

std::int32_t own_pid();
ProcessRow process_row(std::int32_t pid);
// The process and all below it, parents first; what ends meanwhile is left out.
std::vector<ProcessRow> process_family(std::int32_t root);

} // namespace osh::sys
