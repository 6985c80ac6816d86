#pragma once
// Reading procfs below an open directory: small files, links, listings, the file behind
// /proc/PID/exe. Answers are empty where a process is gone: that is normal.

#include "launcher/sys/fd.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace osh::sys
{

std::string read_proc(Fd const& base, char const* path, std::size_t limit); // cut at `limit`
std::string read_link(Fd const& base, char const* path);

// Calls back per entry, "." and ".." left out, at most `limit` times, until it answers false.
void for_each_entry(Fd const& base, char const* path, std::size_t limit,
    std::function<bool(std::string_view)> const& on_entry);

// Does one of the first `limit` entries of this directory link to `target` (at most 63 bytes)? One
// path look-up for the directory, none per entry: this runs for each descriptor of each process.
bool has_link_to(Fd const& base, char const* path, std::size_t limit, std::string_view target);

struct ExecutableFile {
    std::uint64_t device = 0, inode = 0;
    std::int64_t changed_ns = 0;
    bool is_deleted = false;
    bool is_on_read_only_mount = false;
};
std::optional<ExecutableFile> examine_executable(Fd const& base, char const* path);

} // namespace osh::sys
