#pragma once
// New names in directories, as they appear: inotify(7). One watch per directory, bounded by its
// owner; an overflow of the kernel's queue is told, so that the owner looks at everything again.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <string>
#include <vector>

namespace osh::sys
{

struct NewName {
    int watch = 0; // 0: names were lost
    std::string name;
    bool is_directory = false;
};

Result<Fd> open_directory_watch(); // blocking
// The same directory gets the same number. Links are not followed. A number below 0: not watched.
int watch_directory(Fd const& watch, std::string const& path);
// Waits for at least one.
Result<std::vector<NewName>> next_new_names(Fd const& watch);

} // namespace osh::sys
