#pragma once
// What code a process has mapped: an allowed program with a foreign library inside is not that
// program any more (security design H12: LD_PRELOAD, LD_AUDIT, plug-ins of the project). Not a wall
// for interpreters, and code in anonymous memory is not seen. proc_pid_maps(5).

#include "launcher/sys/proc_view.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxMaps = 4 * 1024 * 1024; // bytes of /proc/PID/maps
inline constexpr std::size_t kMaxCodeFiles = 1024;       // different files with executable mappings

struct CodeMapping {
    std::uint32_t major = 0, minor = 0; // as maps has it: the file system's own device
    std::uint64_t inode = 0;
    std::string path;
    bool operator==(CodeMapping const&) const = default;
};
// Executable mappings of files, each file once; nothing when the text is not understood, or cut.
std::optional<std::vector<CodeMapping>> parse_code_mappings(std::string_view maps);

// True when all the code comes from files on mounts that the agent cannot write.
bool runs_trusted_code_only(
    sys::Fd const& proc, std::int32_t pid, sys::ExecutableFile const& program);

} // namespace osh::launcher
