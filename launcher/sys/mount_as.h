#pragma once
// mount(2) of a new file system as a process of another user and mount namespace would do it: a
// child of ours enters its namespaces, takes its root and working directory, and mounts. setns(2),
// user_namespaces(7): who owns a user namespace from its parent has every capability in it.

#include "launcher/sys/fd.h"

#include <cstdint>
#include <optional>
#include <string>

namespace osh::sys
{

struct NewMount {
    std::optional<std::string> source, data;
    std::string target, type;
    std::uint64_t flags = 0;
};
struct MountPlace { // whose mount it is to be
    std::int32_t process = 0;
    Fd root, directory; // O_PATH
};
int mount_as(MountPlace const& place, NewMount const& mount); // 0 or errno

} // namespace osh::sys
