#pragma once
// The new mount API and openat2, thin: every step is an object held by a descriptor, so no path is
// walked twice. mount_setattr(2), open_tree(2), move_mount(2), fsopen(2), openat2(2). mount(2) is
// not used anywhere in osh.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace osh::sys
{

struct MountFlags {
    bool read_only = false, no_exec = false, no_dev = true, no_suid = true;
};
enum class Depth : bool { One, Tree };

// A new file system instance as a detached mount. Options with an empty value are flags.
using MountOptions = std::vector<std::pair<std::string, std::string>>;
Result<Fd> new_mount(std::string const& type, MountOptions const& options, MountFlags flags);

// A detached copy of what `place` (an O_PATH descriptor) shows, with everything mounted below it.
Result<Fd> clone_mount(Fd const& place);
Result<> restrict_mount(Fd const& mount, MountFlags flags, Depth depth);
Result<> attach_mount(Fd const& mount, Fd const& onto);

// Nothing that is mounted later outside arrives here, and the other way round.
Result<> make_all_private();

// Makes `root` (a detached mount) the root of this process's mount namespace; the old root is gone
// afterwards, save for descriptors that are still open.
Result<> enter_root(Fd const& root);

enum class Links { Follow, Refuse };
// An O_PATH descriptor. Magic links are never followed. With a base, the path cannot leave it:
// absolute links are taken as seen from the base.
Result<Fd> look_up(std::string const& path, Links links);
Result<Fd> look_up_in(Fd const& base, std::string const& path, Links links);

struct FileKind {
    bool is_directory = false, is_regular = false, is_socket_or_fifo = false, is_character = false;
    std::uint64_t device = 0, inode = 0;
};
Result<FileKind> kind_of(Fd const& fd);

// Making the entries of a file system of our own, below `base`; parents must exist.
Result<> make_directory(Fd const& base, std::string const& path, std::uint32_t mode);
Result<Fd> new_file(Fd const& base, std::string const& path, std::uint32_t mode); // for writing
Result<> make_file(
    Fd const& base, std::string const& path, std::string_view content, std::uint32_t mode);
Result<> make_symlink(Fd const& base, std::string const& path, std::string const& target);
// All directories above the last component, 0755; those that exist stay as they are.
Result<> make_parents(Fd const& base, std::string const& path);

} // namespace osh::sys
