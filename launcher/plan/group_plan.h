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

struct ScopeProperty { // systemd.resource-control(5)
    std::string name;
    std::uint64_t value = 0;
};

struct GroupPlan { // no bases: no group of ours
    std::vector<std::string> bases;
    std::vector<GroupFile> files;
    std::vector<ScopeProperty> scope; // of the unit that systemd is asked for; empty: not asked
    std::string text;                 // for `osh plan`: what is limited and by what
    std::vector<std::string> notes;   // of the profile's wishes that are not met in full
};

inline constexpr std::uint64_t kDefaultTasks = 4'096;

GroupPlan plan_group(policy::ResourceProfile const& wanted, HostFacts const& facts);

// What busctl(1) says for it: org.freedesktop.systemd1(5), StartTransientUnit. The unit ends with
// its last process.
std::string scope_unit(std::int32_t init);
std::vector<std::string> scope_request(GroupPlan const& plan, std::int32_t init);

// kernel.pid_max of the sandbox's own PID namespace (Linux 6.14), the one limit of processes that
// holds for root without a control group; 0 where it is not needed or the setting is the machine's.
std::uint32_t pid_limit(policy::ResourceProfile const& wanted, HostFacts const& facts);

} // namespace osh::launcher
