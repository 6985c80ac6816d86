#pragma once
// The calls that make, move and open directory entries, with their errno as it is: for the broker,
// which must answer exactly what the kernel answered. openat2(2), mkdirat(2), renameat2(2),
// linkat(2), symlinkat(2), mknodat(2).

#include "launcher/sys/fd.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace osh::sys
{

struct Opened {
    Fd fd;
    int error = 0;
    bool ok() const { return error == 0; }
};

inline constexpr std::uint64_t kNoMagicLinks = 0x02; // RESOLVE_NO_MAGICLINKS
inline constexpr std::uint64_t kNoLinks = 0x04;      // RESOLVE_NO_SYMLINKS

struct OpenWish {
    std::uint64_t flags = 0, mode = 0, resolve = 0;
};
// O_CLOEXEC and O_NOCTTY are added. A base that is not open: AT_FDCWD.
Opened open_entry(Fd const& base, std::string const& path, OpenWish wish);
Opened open_here(std::string const& path, std::uint64_t flags);

struct Entry { // stat(2)
    int error = 0;
    std::uint64_t device = 0, inode = 0, links = 0, size = 0;
    std::int64_t changed_ns = 0; // st_ctim
    std::uint32_t uid = 0, gid = 0;
    unsigned mode = 0, special = 0; // special: major << 8 | minor, of device nodes
    bool is_directory() const;
    bool is_regular() const;
    bool is_link() const;
    bool is_fifo() const;
    bool is_socket() const;
    bool is_device() const;
};
Entry examine(Fd const& fd); // of a failed call only `error` tells anything
Result<Entry> examine_surely(Fd const& fd);
Entry examine_entry(Fd const& base, std::string const& name); // a final link is not followed
bool entry_exists(Fd const& base, char const* name);          // also when it cannot be told

struct MountOf { // statx(2), Linux 5.8
    std::uint64_t id = 0;
    bool is_root = false; // of the mount
};
std::optional<MountOf> mount_of(Fd const& fd);
// Of an open /proc/PID/mountinfo, since it was asked last: proc_pid_mounts(5), POLLPRI.
bool have_mounts_changed(Fd const& mountinfo);

struct EntryName {
    Fd const& directory;
    std::string const& name;
};
// Each returns 0 or errno.
int make_directory_entry(EntryName at, unsigned mode);
int make_node_entry(EntryName at, unsigned mode);
int make_link_entry(EntryName at, std::string const& target);
int rename_entry(EntryName from, EntryName to, unsigned flags);
int link_entry(EntryName from, EntryName to);
int link_open_file(Fd const& file, EntryName to); // through /proc/self/fd
int remove_entry(EntryName at);

std::string link_text(Fd const& base, std::string const& name);
std::string own_path_of(Fd const& fd); // where a descriptor of ours leads, as text
std::string own_link_of(Fd const& fd); // "/proc/self/fd/N"

int status_flags(Fd const& fd);
void clear_nonblocking(Fd const& fd);
bool has_input_or_end(Fd const& fd); // poll(2) without waiting
unsigned set_umask(unsigned mask);   // the one before

// From another process's memory: process_vm_readv(2). 0 or errno (EFAULT, ENAMETOOLONG, EPERM).
int read_remote_text(std::int32_t thread, std::uint64_t address, std::string& into);

std::string read_start(Fd const& file, std::size_t limit); // pread(2) from 0
int cut_file(Fd const& file, std::uint64_t length);        // ftruncate(2): 0 or errno

// Waits until the descriptor is readable; milliseconds < 0: without end.
void wait_for(Fd const& fd, int milliseconds);
void wait_for_either(Fd const& one, Fd const& other, Duration limit);

} // namespace osh::sys
