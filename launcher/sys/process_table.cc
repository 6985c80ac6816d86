#include "launcher/sys/process_table.h"

#include "launcher/sys/io.h"
#include "launcher/sys/proc_view.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kMaxStatus = 16 * 1024;
constexpr std::array kNamespaces{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"};

std::int32_t number_in(std::string_view text)
{
    std::int32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void read_line(ProcessRow& row, std::string_view line)
{
    auto const colon = line.find(':');
    if (colon == std::string_view::npos)
        return;
    auto const key = line.substr(0, colon);
    std::string const value(trimmed(line.substr(colon + 1)));
    if (key == "Name")
        row.name = value;
    else if (key == "PPid")
        row.parent = number_in(value);
    else if (key == "NoNewPrivs")
        row.no_new_privileges = value;
    else if (key == "Seccomp")
        row.seccomp = value;
    else if (key == "CapEff")
        row.effective = value;
    else if (key == "CapBnd")
        row.bounding = value;
}

void read_closed_parts(ProcessRow& row, std::string const& place)
{
    for (char const* kind : kNamespaces) {
        struct stat status {
        };
        if (::stat((place + "/ns/" + kind).c_str(), &status) == 0)
            row.namespaces.emplace(kind, status.st_ino);
    }
    auto const descriptors = open_path(place + "/fd", O_RDONLY | O_DIRECTORY);
    if (!descriptors.ok())
        return;
    row.descriptors = 0;
    for_each_entry(*descriptors, ".", kMaxFamily, [&](std::string_view) {
        ++row.descriptors;
        return true;
    });
}

std::vector<ProcessRow> all_processes()
{
    std::vector<ProcessRow> rows;
    auto const proc = open_path("/proc", O_RDONLY | O_DIRECTORY);
    if (!proc.ok())
        return rows;
    for_each_entry(*proc, ".", kMaxFamily, [&](std::string_view name) {
        if (number_in(name) > 0)
            rows.push_back(process_row(number_in(name)));
        return true;
    });
    return rows;
}

} // namespace

std::int32_t own_pid()
{
    return ::getpid();
}

ProcessRow process_row(std::int32_t pid)
{
    ProcessRow row;
    std::string const place = "/proc/" + std::to_string(pid);
    auto const folder = open_path(place, O_PATH | O_DIRECTORY);
    if (!folder.ok())
        return row;
    std::string const status = read_proc(*folder, "status", kMaxStatus);
    if (status.empty())
        return row;
    row.pid = pid;
    for (auto const line : split(status, '\n'))
        read_line(row, line);
    read_closed_parts(row, place);
    return row;
}

std::vector<ProcessRow> process_family(std::int32_t root)
{
    auto const all = all_processes();
    std::vector<ProcessRow> family;
    for (auto const& row : all)
        if (row.pid == root)
            family.push_back(row);
    for (std::size_t at = 0; at < family.size() && family.size() < kMaxFamily; ++at)
        for (auto const& row : all)
            if (row.pid > 0 && row.parent == family[at].pid)
                family.push_back(row);
    return family;
}

} // namespace osh::sys
