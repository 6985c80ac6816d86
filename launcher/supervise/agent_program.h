#pragma once
// Finds the programs that a profile names ("which:claude", programs = ["git"]) on the host, and the
// folders that must be visible for an agent to run. Reads the host; the profile that comes back is
// a value for the planner. Not here: what is shown (launcher/plan).

#include "policy/model/profile.h"

#include <map>
#include <string>
#include <vector>

namespace osh::launcher
{

struct ProgramFinder {
    std::vector<std::string> search_path; // absolute folders of the person's PATH
    std::string working_directory;        // its node_modules/.bin and those above are looked at
    std::string project_root;             // already visible inside; "" if unknown
    std::string command;                  // as typed: a path to the agent says which one is meant
};

// From PATH and the working directory; the project is the nearest folder upwards with a .git, else
// the working directory.
ProgramFinder program_finder(
    std::map<std::string, std::string> const& environment, std::string const& command);

// - [agent] binaries "which:NAME" become install_directories (read-only and executable inside; for
//   npm the outermost node_modules folder, else the file's own folder) and program_directories (in
//   front of PATH).
// - programs of credentials become the files they are, so that no program of the same name inside
//   passes for one; with the native programs that npm keeps in packages for one platform
//   (npm_package.h). A name that is not installed becomes a path that does not exist.
// What could not be found is left out; the launch itself reports a missing command.
void resolve_programs(policy::Profile& profile, ProgramFinder const& finder);

} // namespace osh::launcher
