#pragma once
// What code a process has mapped: an allowed program with a foreign library inside is not that
// program any more (security design H12: LD_PRELOAD, LD_AUDIT, plug-ins of the project). Not a wall
// for interpreters, and code in anonymous memory is not seen. proc_pid_maps(5).

#include "launcher/sys/proc_view.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

// Which of those files may be trusted. Remembers the files it has looked at: the mounts of a
// sandbox do not change, and a file that was replaced or deleted shows another inode or path in
// maps.
class CodeFiles
{
public:
    // True when all the code comes from files on mounts that the agent cannot write.
    bool are_all_trusted(sys::Fd const& proc, std::int32_t pid, sys::ExecutableFile const& program);

private:
    struct Entry {
        CodeMapping mapping;
        std::uint64_t device = 0; // as stat(2) has it
    };
    // Its device, when it is that file, there, and on a read-only mount.
    std::optional<std::uint64_t> device_if_trusted(sys::Fd const& proc, CodeMapping const& mapping);

    std::unordered_map<std::uint64_t, Entry> trusted_; // by inode
};

} // namespace osh::launcher
