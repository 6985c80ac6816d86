#pragma once
// What /proc says about one process: identity for rules, words for people. proc(5).

#include "launcher/init/code_mappings.h"
#include "launcher/sys/fd.h"
#include "policy/messages/owner.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace osh::launcher
{

struct ProcessFacts {
    policy::ProcessIdentity identity;
    std::int32_t parent = 0;
};

// Facts of processes, with a memory by (pid, start time, program file). What can change while those
// stay the same is read each time for a proof: mapped code, tracer, environment. For showing, what
// was found last is enough.
class ProcessBook
{
public:
    // Nothing when the process ended or became another one meanwhile. `proc` is borrowed.
    std::optional<ProcessFacts> facts_of(
        sys::Fd const& proc, std::int32_t pid, policy::OwnerDepth depth);

private:
    static constexpr std::size_t kMostKnown = 4096; // processes, and programs by path
    struct Known {
        std::uint64_t start_time = 0, stack = 0;
        sys::ExecutableFile file;
        policy::ProcessIdentity identity;
    };
    struct Version {
        std::uint64_t device = 0, inode = 0;
        std::int64_t changed_ns = 0;
        bool operator==(Version const&) const = default;
    };

    bool is_still(Known const& known, std::uint64_t start_time, sys::ExecutableFile const& file);
    bool is_as_it_was(sys::Fd const& proc, std::string const& exe, Known const& known);
    bool is_changed(policy::ProcessIdentity const& identity);
    void examine_program(
        sys::Fd const& proc, std::string const& exe, policy::ProcessIdentity& identity);
    void examine_life(sys::Fd const& proc, Known& known);
    std::string stat_of(sys::Fd const& proc, std::int32_t pid, policy::OwnerDepth depth);

    CodeFiles code_files_;
    std::unordered_map<std::int32_t, Known> known_;
    std::unordered_map<std::string, Version> first_versions_;
    // /proc/PID/stat of those shown lately, kept open: one call instead of four.
    struct OpenStat {
        std::int32_t pid = 0;
        sys::Fd file;
    };
    static constexpr std::size_t kMostOpen = 16;
    std::vector<OpenStat> open_stats_;
    std::size_t next_open_ = 0; // to be replaced
};

// The part of /proc/PID/stat after the name, which may hold anything, ")" included.
struct StatLine {
    std::int32_t parent = 0;
    std::uint64_t start_time = 0;
    std::uint64_t stack = 0; // where it begins: another place after each execve(2)
};
std::optional<StatLine> parse_stat(std::string_view text);
// argv as /proc/PID/cmdline has it -> the script that an interpreter runs, or "".
std::string script_of(std::string_view exe, std::string_view command_line);
// /proc/PID/environ: does it tell the dynamic loader to load foreign code? ld.so(8).
bool names_preloads(std::string_view environment);

} // namespace osh::launcher
