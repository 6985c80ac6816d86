#include "launcher/init/process_facts.h"

#include "launcher/init/ending.h"
#include "launcher/sys/io.h"
#include "launcher/sys/proc_view.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxStat = 4096, kMaxCommandLine = 4096, kMaxStatus = 16 * 1024;
constexpr std::size_t kMaxEnvironment = 256 * 1024; // beyond it nothing is known of the rest
constexpr std::size_t kShownCommandLine = 200;

constexpr std::array kInterpreters{
    "python", "node", "ruby", "perl", "bash", "dash", "sh", "zsh", "deno", "bun", "php", "lua"};

template<typename T>
std::optional<T> number_of(std::string_view text)
{
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string read_entry(
    sys::Fd const& proc, std::int32_t pid, std::string_view name, std::size_t limit)
{
    std::string const path = std::to_string(pid) + "/" + std::string(name);
    return sys::read_proc(proc, path.c_str(), limit);
}

std::vector<std::string_view> words_of(std::string_view command_line)
{
    std::vector<std::string_view> words = split(command_line, '\0');
    if (!words.empty() && words.back().empty())
        words.pop_back();
    return words;
}

std::string shown_command_line(std::string_view command_line)
{
    std::string text(command_line.substr(0, kShownCommandLine));
    std::replace(text.begin(), text.end(), '\0', ' ');
    return std::string(trimmed(text));
}

bool is_traced(std::string_view status)
{
    constexpr std::string_view kName = "\nTracerPid:\t";
    std::size_t const at = status.find(kName);
    return at == std::string_view::npos || status.substr(at + kName.size()).substr(0, 1) != "0";
}

} // namespace

std::optional<StatLine> parse_stat(std::string_view text)
{
    constexpr std::size_t kParentField = 1, kStartField = 19, kStackField = 25; // after the name
    std::size_t const name_end = text.rfind(") ");
    if (name_end == std::string_view::npos)
        return std::nullopt;
    auto const fields = split(text.substr(name_end + 2), ' ');
    if (fields.size() <= kStackField)
        return std::nullopt;
    auto const parent = number_of<std::int32_t>(fields[kParentField]);
    auto const start = number_of<std::uint64_t>(fields[kStartField]);
    auto const stack = number_of<std::uint64_t>(fields[kStackField]);
    if (!parent || !start || !stack)
        return std::nullopt;
    return StatLine{*parent, *start, *stack};
}

std::string script_of(std::string_view exe, std::string_view command_line)
{
    std::string_view const name = exe.substr(exe.rfind('/') + 1);
    bool const is_interpreter = std::any_of(kInterpreters.begin(), kInterpreters.end(),
        [&](std::string_view known) { return name.starts_with(known); });
    if (!is_interpreter)
        return {};
    auto const words = words_of(command_line);
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "-c" || words[i] == "-e" || words[i] == "-m")
            return {}; // the program is in the arguments
        if (!words[i].starts_with('-'))
            return std::string(words[i]);
    }
    return {};
}

bool names_preloads(std::string_view environment)
{
    constexpr std::array<std::string_view, 2> kNames{"LD_PRELOAD=", "LD_AUDIT="};
    return std::ranges::any_of(split(environment, '\0'), [&](std::string_view entry) {
        return std::ranges::any_of(kNames, [&](std::string_view name) {
            return entry.starts_with(name) && entry.size() > name.size();
        });
    });
}

bool ProcessBook::is_still(
    Known const& known, std::uint64_t start_time, sys::ExecutableFile const& file)
{
    return known.start_time == start_time && known.file.device == file.device
           && known.file.inode == file.inode && known.file.changed_ns == file.changed_ns
           && known.file.is_deleted == file.is_deleted;
}

// The same path meant another file before: an update of the host, or somebody's trick.
bool ProcessBook::is_changed(policy::ProcessIdentity const& identity)
{
    Version const version{identity.device, identity.inode, identity.changed_ns};
    if (first_versions_.size() >= kMostKnown && !first_versions_.contains(identity.exe))
        return true; // too many programs to remember: not known to be unchanged
    return first_versions_.try_emplace(identity.exe, version).first->second != version;
}

void ProcessBook::examine_program(
    sys::Fd const& proc, std::string const& exe, policy::ProcessIdentity& identity)
{
    identity.exe = sys::read_link(proc, exe.c_str());
    auto const file = sys::examine_executable(proc, exe.c_str());
    if (!file) {
        identity.is_deleted = true; // nothing can be said about it: no identity
        return;
    }
    identity.device = file->device;
    identity.inode = file->inode;
    identity.changed_ns = file->changed_ns;
    identity.is_deleted = file->is_deleted;
    identity.is_trusted_place = file->is_on_read_only_mount && !file->is_deleted;
    identity.is_changed = !file->is_deleted && is_changed(identity);
}

// What may be different a moment later although pid, start and program are the same.
void ProcessBook::examine_life(sys::Fd const& proc, Known& known)
{
    auto& identity = known.identity;
    auto const pid = identity.pid;
    identity.is_trusted_place =
        identity.is_trusted_place && code_files_.are_all_trusted(proc, pid, known.file);
    identity.is_traced = is_traced(read_entry(proc, pid, "status", kMaxStatus));
    auto const environment = read_entry(proc, pid, "environ", kMaxEnvironment);
    identity.is_preloaded = environment.size() == kMaxEnvironment || names_preloads(environment);
}

std::string ProcessBook::stat_of(sys::Fd const& proc, std::int32_t pid, policy::OwnerDepth depth)
{
    if (depth == policy::OwnerDepth::Proven)
        return read_entry(proc, pid, "stat", kMaxStat);
    auto const known = std::ranges::find(open_stats_, pid, &OpenStat::pid);
    if (known != open_stats_.end()) {
        auto text = sys::read_proc_again(known->file);
        if (!text.empty())
            return text; // else it is gone, and perhaps another one has its number
        open_stats_.erase(known);
    }
    auto file = sys::open_proc(proc, (std::to_string(pid) + "/stat").c_str());
    if (!file.is_open())
        return {};
    auto text = sys::read_proc_again(file);
    if (open_stats_.size() < kMostOpen)
        open_stats_.push_back({pid, std::move(file)});
    else
        open_stats_[next_open_++ % kMostOpen] = {pid, std::move(file)};
    return text;
}

// It may have ended, or become another program, while it was looked at.
bool ProcessBook::is_as_it_was(sys::Fd const& proc, std::string const& exe, Known const& known)
{
    auto const stat = read_entry(proc, known.identity.pid, "stat", kMaxStat);
    auto const now = parse_stat(stat);
    if (!now || (known.identity.exe.empty() && tells_of_an_end(stat)))
        return false;
    auto const file = sys::stat_executable(proc, exe.c_str()).value_or(sys::ExecutableFile{});
    return is_still(known, now->start_time, file);
}

std::optional<ProcessFacts> ProcessBook::facts_of(
    sys::Fd const& proc, std::int32_t pid, policy::OwnerDepth depth)
{
    auto const before = parse_stat(stat_of(proc, pid, depth));
    if (!before)
        return std::nullopt;
    std::string const exe = std::to_string(pid) + "/exe";
    auto const file = sys::stat_executable(proc, exe.c_str()).value_or(sys::ExecutableFile{});
    auto found = known_.find(pid);
    bool const is_known =
        found != known_.end() && is_still(found->second, before->start_time, file);
    // The same interpreter may have been started anew, with another script.
    bool const is_same_start = is_known && found->second.stack == before->stack;
    bool const is_fresh = !is_same_start || depth == policy::OwnerDepth::Proven;
    if (is_fresh) {
        Known known{before->start_time, before->stack, file, {}};
        known.identity.pid = pid;
        known.identity.start_time = before->start_time;
        examine_program(proc, exe, known.identity);
        examine_life(proc, known);
        if (known_.size() >= kMostKnown)
            known_.clear();
        found = known_.insert_or_assign(pid, std::move(known)).first;
    }
    ProcessFacts facts{found->second.identity, before->parent};
    if (!is_fresh)
        return facts; // for showing, as it was when it was looked at
    std::string const command_line = read_entry(proc, pid, "cmdline", kMaxCommandLine);
    facts.identity.script = script_of(facts.identity.exe, command_line);
    facts.identity.command_line = shown_command_line(command_line);
    if (!is_as_it_was(proc, exe, found->second)) {
        known_.erase(found);
        return std::nullopt;
    }
    found->second.identity = facts.identity;
    return facts;
}

} // namespace osh::launcher
