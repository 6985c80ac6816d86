#pragma once
// Programs that npm installs beside a package. An agent's package is often a small script, and the
// native program it starts lies in a package for one platform, named in optionalDependencies of
// package.json(5). Reads the host; nothing is run. Not here: what the program may do.

#include <string>
#include <vector>

namespace osh::launcher
{

// The executables called `name` in the installed optional dependencies of the package that `file`
// (a real path) belongs to; real paths, none when it is no package of npm or nothing is installed.
// At most kMaxPackages packages and kMaxEntries entries of each are looked at.
std::vector<std::string> platform_programs(std::string const& file, std::string const& name);

} // namespace osh::launcher
