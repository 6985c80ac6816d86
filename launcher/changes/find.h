#pragma once
// What a session changed: its upper layer compared with the real project as it is now. Both trees
// are walked below open folders and never through a link; nothing is written.
// Documentation/filesystems/overlayfs.rst: whiteouts, opaque directories.

#include "launcher/changes/change.h"
#include "launcher/changes/store.h"

namespace osh::launcher
{

inline constexpr std::size_t kMaxChanges = 500'000;    // about 150 bytes each
inline constexpr std::size_t kSummaryChanges = 50'000; // for the end of a session
// Larger files of the same size count as changed without a look: the end of a session waits for
// this.
inline constexpr std::uint64_t kMaxCompared = 256 * 1024 * 1024;
inline constexpr std::size_t kMaxEntriesHere = 1'000'000; // of one directory

// At most `limit` changes; then the list says that it is not whole.
ChangeList find_changes(KeptChanges const& kept, std::size_t limit);

// For the summary of a session that ended. Nothing when there is none.
ChangeCounts count_changes(std::string const& parent, std::string const& session);

} // namespace osh::launcher
