#include "launcher/init/process_facts.h"

#include "launcher/init/code_mappings.h"
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
    constexpr std::size_t kParentField = 1, kStartField = 19; // counted after the name
    std::size_t const name_end = text.rfind(") ");
    if (name_end == std::string_view::npos)
        return std::nullopt;
    auto const fields = split(text.substr(name_end + 2), ' ');
    if (fields.size() <= kStartField)
        return std::nullopt;
    auto const parent = number_of<std::int32_t>(fields[kParentField]);
    auto const start = number_of<std::uint64_t>(fields[kStartField]);
    if (!parent || !start)
        return std::nullopt;
    return StatLine{*parent, *start};
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

std::vector<std::int32_t> list_processes(sys::Fd const& proc)
{
    std::vector<std::int32_t> pids;
    sys::for_each_entry(proc, ".", kMaxProcesses, [&](std::string_view name) {
        if (auto const pid = number_of<std::int32_t>(name))
            pids.push_back(*pid);
        return true;
    });
    return pids;
}

bool holds_socket(sys::Fd const& proc, std::int32_t pid, std::uint64_t inode)
{
    std::string const directory = std::to_string(pid) + "/fd";
    std::string const wanted = "socket:[" + std::to_string(inode) + "]";
    return sys::has_link_to(proc, directory.c_str(), kMaxDescriptorsSeen, wanted);
}

std::optional<ProcessFacts> facts_of_process(sys::Fd const& proc, std::int32_t pid)
{
    auto const before = parse_stat(read_entry(proc, pid, "stat", kMaxStat));
    if (!before)
        return std::nullopt;
    ProcessFacts facts;
    facts.parent = before->parent;
    auto& identity = facts.identity;
    identity.pid = pid;
    identity.start_time = before->start_time;
    std::string const exe = std::to_string(pid) + "/exe";
    identity.exe = sys::read_link(proc, exe.c_str());
    if (auto const file = sys::examine_executable(proc, exe.c_str())) {
        identity.device = file->device;
        identity.inode = file->inode;
        identity.changed_ns = file->changed_ns;
        identity.is_deleted = file->is_deleted;
        identity.is_trusted_place = file->is_on_read_only_mount && !file->is_deleted
                                    && runs_trusted_code_only(proc, pid, *file);
    } else {
        identity.is_deleted = true; // nothing can be said about it: no identity
    }
    identity.is_traced = is_traced(read_entry(proc, pid, "status", kMaxStatus));
    std::string const command_line = read_entry(proc, pid, "cmdline", kMaxCommandLine);
    identity.script = script_of(identity.exe, command_line);
    identity.command_line = shown_command_line(command_line);
    auto const after = parse_stat(read_entry(proc, pid, "stat", kMaxStat));
    if (!after || after->start_time != before->start_time)
        return std::nullopt;
    return facts;
}

} // namespace osh::launcher
