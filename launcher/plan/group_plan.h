#pragma once
// What the sandbox as a whole may use, and how that is enforced on this machine: a control group
// where one can be made, else limits per process. (ResourceProfile, HostFacts) -> GroupPlan, pure.

#include "launcher/plan/cgroup_view.h"
#include "policy/model/profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::launcher
{

struct HostFacts;

struct GroupFile {
    std::string base, file, value;
    bool optional = false;
};

struct GroupPlan { // no bases: no group
    std::vector<std::string> bases;
    std::vector<GroupFile> files;
    std::string text;               // for `osh plan`: what is limited and by what
    std::vector<std::string> notes; // of the profile's wishes that are not met in full
};

inline constexpr std::uint64_t kDefaultTasks = 4'096;

GroupPlan plan_group(policy::ResourceProfile const& wanted, HostFacts const& facts);

// kernel.pid_max of the sandbox's own PID namespace (Linux 6.14), the one limit of processes that
// holds for root without a control group; 0 where it is not needed or the setting is the machine's.
std::uint32_t pid_limit(policy::ResourceProfile const& wanted, HostFacts const& facts);

} // namespace osh::launcher
