#pragma once
// What /proc says about one process: identity for rules, words for people. proc(5).

#include "launcher/sys/fd.h"
#include "policy/messages/owner.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxProcesses = 32'768;
inline constexpr std::size_t kMaxDescriptorsSeen = 65'536; // of one process

std::vector<std::int32_t> list_processes(sys::Fd const& proc);
bool holds_socket(sys::Fd const& proc, std::int32_t pid, std::uint64_t inode);

struct ProcessFacts {
    policy::ProcessIdentity identity;
    std::int32_t parent = 0;
};
// Nothing when the process ended or became another one meanwhile.
std::optional<ProcessFacts> facts_of_process(sys::Fd const& proc, std::int32_t pid);

// The part of /proc/PID/stat after the name, which may hold anything, ")" included.
struct StatLine {
    std::int32_t parent = 0;
    std::uint64_t start_time = 0;
};
std::optional<StatLine> parse_stat(std::string_view text);
// argv as /proc/PID/cmdline has it -> the script that an interpreter runs, or "".
std::string script_of(std::string_view exe, std::string_view command_line);

} // namespace osh::launcher
