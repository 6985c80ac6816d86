#pragma once
// Folders that only their owner may see: runtime and state directories. Each step is taken from a
// descriptor of the folder above (openat(2)), checked for owner, mode and kind; never by a link.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::sys
{

// Opens a folder that must be ours and closed to others (mode 0700); links are refused.
Result<Fd> open_private_folder(std::string const& path);
// The same below `parent`, made (0700) when it is missing.
Result<Fd> open_or_make_private_folder(Fd const& parent, std::string const& name);
// mkdirat(2); Errc::Busy when the name is taken.
Result<Fd> make_private_folder(Fd const& parent, std::string const& name);
// A folder that shows by a lock (flock(2)) that its maker lives: it appears under its name locked.
// The lock is given up with the last copy of the descriptor. Errc::Busy when the name is taken.
Result<Fd> make_locked_folder(Fd const& parent, std::string const& name);
std::string unfinished_name(std::string const& name); // of the folder until it is locked
// Removes the folder, with `file` in it, when nobody holds its lock any more.
void remove_unlocked_folder(Fd const& parent, std::string const& name, std::string const& file);
// flock(2) on an open folder: until the last copy of the descriptor is closed, however its owner
// ends. Errc::Busy when somebody else holds it.
Result<> lock_shared(Fd const& folder);
Result<> lock_exclusive(Fd const& folder);
// mkdir -p with mode 0700 for what is missing; existing parts stay as they are. No check of owners.
Result<> make_folders(std::string const& path);

Result<Fd> open_in(Fd const& folder, std::string const& name, int flags, int mode = 0);
Result<> rename_in(Fd const& folder, std::string const& from, std::string const& to);
void remove_in(Fd const& folder, std::string const& name);        // unlinkat(2)
void remove_folder_in(Fd const& folder, std::string const& name); // only when empty

inline constexpr std::size_t kMaxListed = 4096; // entries of one folder that are looked at
enum class DotNames : bool { Skip, List };
Result<std::vector<std::string>> names_in(
    std::string const& path, DotNames dot_names = DotNames::Skip); // sorted

std::int64_t changed_at(std::string const& path); // st_mtim in nanoseconds, 0 if unknown
std::uint64_t free_bytes(Fd const& folder);       // for this user, fstatvfs(3)
std::int32_t own_process_id();                    // getpid(2)
std::uint32_t user_id();                          // geteuid(2)
std::string program_folder();                     // the folder of /proc/self/exe, "" if unknown
std::string current_folder();                     // getcwd(2), "" if gone
Result<> change_folder(std::string const& path);
std::string random_hex(std::size_t digits); // getrandom(2)

} // namespace osh::sys
