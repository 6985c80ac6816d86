#pragma once
// Reading procfs below an open directory: small files, links, listings, the file behind
// /proc/PID/exe. Answers are empty where a process is gone: that is normal. proc(5), kcmp(2).

#include "launcher/sys/fd.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace osh::sys
{

// Cut at `limit`. Memory grows with what is there: the limit may be generous.
std::string read_proc(Fd const& base, char const* path, std::size_t limit);
std::string read_link(Fd const& base, char const* path);
// A file that is read often stays open: it goes on meaning the same process, and says nothing once
// that is gone. Only for what the kernel writes with one call (at most 4 KiB).
Fd open_proc(Fd const& base, char const* path);
std::string read_proc_again(Fd const& file);

// Calls back per entry, "." and ".." left out, at most `limit` times, until it answers false.
// False: there are more, or it is not readable.
bool for_each_entry(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::string_view)> const& on_entry);

// The inodes of the sockets among the first `limit` entries of a descriptor directory
// (/proc/PID/fd) with their names, until the call-back answers false. One path look-up for the
// directory, none per entry: this runs for each descriptor of each process. Result as above.
bool for_each_socket(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::uint64_t inode, std::string_view name)> const& on_socket);
// Whether the directory can be opened at all.
bool may_list(Fd const& base, char const* path);
// The inode of the socket that a descriptor (/proc/PID/fd/N) is, if it is one. One call.
std::optional<std::uint64_t> socket_at(Fd const& base, char const* path);

struct ExecutableFile {
    std::uint64_t device = 0, inode = 0;
    std::int64_t changed_ns = 0;
    bool is_deleted = false;
    bool is_on_read_only_mount = false; // not filled in by stat_executable
};
std::optional<ExecutableFile> examine_executable(Fd const& base, char const* path);
// The same file, without its mount: one call.
std::optional<ExecutableFile> stat_executable(Fd const& base, char const* path);

// Threads of a process; 0 when it is gone. One call.
std::size_t count_threads(Fd const& base, char const* task_directory);
// Do two tasks have one descriptor table? Whatever cannot be known is a no.
bool share_descriptors(std::int32_t a, std::int32_t b);

} // namespace osh::sys
