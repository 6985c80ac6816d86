#pragma once
// Trees that somebody else made, read and changed below an open folder and never through a link:
// the changes of an overlay session, and the project they are applied to. openat2(2),
// Documentation/filesystems/overlayfs.rst ("userxattr"). Numbers are 0 or errno.

#include "launcher/sys/entry_calls.h"

#include <optional>
#include <string>
#include <vector>

namespace osh::sys
{

// No link on the way, nothing above `root` (RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS). "" and "." are
// the root itself. A FIFO does not block.
Opened open_below(Fd const& root, std::string const& path, std::uint64_t flags);

// Sorted; nothing when it cannot be read or has more than `limit` entries.
std::optional<std::vector<std::string>> entries_of(Fd const& directory, std::size_t limit);

bool is_opaque(Fd const& directory); // hides all that the lower layer has there
int clear_opaque(Fd const& directory);
bool is_whiteout(Entry const& entry); // hides one name of the lower layer
int make_whiteout(EntryName at);      // mknod(2): open to everybody since Linux 5.8

// An empty file in `directory` without a name, for link_open_file().
Opened new_nameless_file(Fd const& directory, unsigned mode); // O_TMPFILE
int remove_directory_entry(EntryName at);                     // only when empty
int set_mode(Fd const& file, unsigned mode);
int flush(Fd const& place); // syncfs(2)
bool same_bytes(Fd const& one, Fd const& other);

// A tree of our own, however deep, whatever its modes.
int remove_tree(EntryName at);

} // namespace osh::sys
