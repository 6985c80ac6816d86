#pragma once
// Where the writes of overlay sessions lie until they are applied or discarded:
// $XDG_STATE_HOME/osh/changes/ID/{upper,work,about.json}, mode 0700. Made before the sandbox,
// locked (flock(2), shared) by osh and by the sandbox's init for as long as either lives.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::launcher
{

struct AboutChanges {
    std::string session, agent, profile;
    std::string project; // host path
    std::uint64_t project_device = 0, project_inode = 0;
    // When the session began, by the clock of the file system that holds the changes: what was
    // changed on the host later than that is a conflict.
    std::int64_t started_us = 0;
    std::vector<std::string> protect, masks; // of the profile
};

// The session's folder below `parent` (made when missing), locked. `about` gets its clock and the
// identity of its project. The error names the fix.
Result<sys::Fd> make_changes(std::string const& parent, AboutChanges about);

// Ids, oldest first. A folder that cannot be read is left out.
std::vector<AboutChanges> kept_changes(std::string const& parent);

// Change: no session and no other command works on it. Discard: the same, and the project may be
// gone.
enum class Use { Look, Change, Discard };
struct KeptChanges {
    AboutChanges about;
    sys::Fd parent, folder, upper;
    sys::Fd project; // the real tree, checked to be the one of the session; Discard: maybe not open
};
Result<KeptChanges> open_changes(std::string const& parent, std::string const& session, Use use);

Result<> remove_changes(KeptChanges const& kept); // all of them, for good
// After the sandbox's end: overlayfs's own folder goes, and all of it when nothing was written.
void tidy_changes(std::string const& parent, std::string const& session);

inline constexpr char kTrash[] = "trash"; // folders of the project on their way to removal

} // namespace osh::launcher
