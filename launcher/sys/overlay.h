#pragma once
// An overlay file system in a user namespace of ours: what `lower` shows, every change in `upper`.
// Documentation/filesystems/overlayfs.rst; fsopen(2); Linux 5.11. What lies in `upper` afterwards
// is read by launcher/changes.

#include "launcher/sys/fd.h"
#include "launcher/sys/mount.h"

#include <string>

namespace osh::sys
{

struct OverlayParts { // `upper` and `work` on one file system, `work` empty
    Fd const& lower;
    Fd const& upper;
    Fd const& work;
};

// A detached mount. Attributes that overlayfs keeps about its own files are "user." ones, which an
// ordinary user may write. The error names the kernel's reason and the fix.
Result<Fd> new_overlay(OverlayParts const& parts, MountFlags flags);

// Tries it with folders of its own below `parent` (an existing directory), in namespaces of a
// child's; removes them again. 0, or an errno.
int try_overlay(Fd const& parent);
// What an errno of either means here, as a paragraph with its fix.
std::string overlay_problem(int error, std::string const& file_system);

// "ext4", "tmpfs", "overlayfs", …; the number when it has no name here. statfs(2).
std::string file_system_of(Fd const& place);

} // namespace osh::sys
