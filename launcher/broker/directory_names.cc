#include "launcher/broker/directory_names.h"

#include "launcher/sys/entry_calls.h"
#include "launcher/sys/io.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxMountinfo = 4 * 1024 * 1024;
constexpr int kMaxDepth = 2048; // more than a path of 4096 bytes can have
constexpr int kOctal = 8;
constexpr std::size_t kEscape = 4; // "\040"

// proc_pid_mountinfo(5): blanks and backslashes as three octal digits.
std::string unescaped(std::string_view text)
{
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned code = 0;
        bool const is_escape = text[i] == '\\' && i + kEscape <= text.size();
        if (!is_escape) {
            plain += text[i];
            continue;
        }
        std::from_chars(text.data() + i + 1, text.data() + i + kEscape, code, kOctal);
        plain += static_cast<char>(code);
        i += kEscape - 1;
    }
    return plain;
}

std::string_view next_word(std::string_view& line)
{
    std::size_t const end = std::min(line.find(' '), line.size());
    std::string_view const word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

bool is_at_or_in(std::string_view path, std::string_view root)
{
    return root == "/" || path == root
           || (path.starts_with(root) && path.substr(root.size()).starts_with('/'));
}

// Of a path at or in `root`: "" or "/x/y".
std::string_view below(std::string_view path, std::string_view root)
{
    return root == "/" ? (path == "/" ? "" : path) : path.substr(root.size());
}

std::string joined(std::string const& root, std::string_view rest)
{
    return root == "/" && !rest.empty() ? std::string(rest) : root + std::string(rest);
}

// From the mount's root to the directory. Nothing: a directory on the way is closed to us.
std::optional<std::string> below_mount(sys::Fd const& directory)
{
    auto at = sys::open_entry(directory, ".", {O_PATH | O_DIRECTORY, 0, 0});
    for (int depth = 0; at.ok() && depth < kMaxDepth; ++depth) {
        auto const mount = sys::mount_of(at.fd);
        if (!mount)
            return std::nullopt;
        if (mount->is_root) {
            std::string const root = sys::own_path_of(at.fd), whole = sys::own_path_of(directory);
            if (!is_at_or_in(whole, root))
                return std::nullopt;
            return std::string(below(whole, root));
        }
        at = sys::open_entry(at.fd, "..", {O_PATH | O_DIRECTORY, 0, 0});
    }
    return std::nullopt;
}

} // namespace

std::vector<MountRow> read_mount_rows(std::string_view mountinfo)
{
    std::vector<MountRow> rows;
    while (!mountinfo.empty()) {
        std::size_t const end = std::min(mountinfo.find('\n'), mountinfo.size());
        std::string_view line = mountinfo.substr(0, end);
        mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
        MountRow row;
        auto const id = next_word(line);
        std::from_chars(id.data(), id.data() + id.size(), row.id);
        next_word(line); // its parent
        row.device = next_word(line);
        row.root = unescaped(next_word(line));
        if (row.id != 0 && row.root.starts_with('/'))
            rows.push_back(std::move(row));
    }
    return rows;
}

DirectoryNames::DirectoryNames(GuardPlan const& plan, sys::Fd const& proc, bool has_other_roots)
    : proc_(proc), has_other_roots_(has_other_roots)
{
    if (!has_other_roots_)
        return;
    own_mountinfo_ = std::move(sys::open_entry(proc_, "self/mountinfo", {O_RDONLY, 0, 0}).fd);
    own_ = rows_of("self");
    for (auto const* places : {&plan.roots, &plan.kept})
        for (auto const& place : *places)
            add_tree(place);
}

void DirectoryNames::add_tree(std::string const& path)
{
    auto const directory = sys::open_here(path, O_PATH | O_DIRECTORY);
    auto const mount = sys::mount_of(directory.fd);
    auto const row = mount ? own_row(mount->id) : std::nullopt;
    auto const rest = row ? below_mount(directory.fd) : std::nullopt;
    if (rest) // a kept file has nothing below it
        trees_.push_back({path, row->device, joined(row->root, *rest)});
}

std::vector<MountRow> DirectoryNames::rows_of(std::string const& process) const
{
    auto const file = sys::open_entry(proc_, process + "/mountinfo", {O_RDONLY, 0, 0});
    if (!file.ok())
        return {};
    auto const text = sys::read_all(file.fd, kMaxMountinfo);
    return text.ok() ? read_mount_rows(*text) : std::vector<MountRow>();
}

std::optional<MountRow> DirectoryNames::own_row(std::uint64_t id)
{
    if (sys::have_mounts_changed(own_mountinfo_))
        own_ = rows_of("self");
    auto const row = std::ranges::find(own_, id, &MountRow::id);
    return row == own_.end() ? std::nullopt : std::optional<MountRow>(*row);
}

std::optional<std::string> DirectoryNames::translated(
    sys::Fd const& directory, MountRow const& mount) const
{
    auto const rest = below_mount(directory);
    if (!rest)
        return std::nullopt;
    std::string const place = joined(mount.root, *rest);
    Tree const* best = nullptr;
    for (auto const& tree : trees_)
        if (tree.device == mount.device && is_at_or_in(place, tree.root)
            && (best == nullptr || tree.root.size() > best->root.size()))
            best = &tree;
    if (best == nullptr) // whatever it is called there, it is in none of the trees
        return "//elsewhere" + sys::own_path_of(directory);
    return best->path + std::string(below(place, best->root));
}

std::optional<std::string> DirectoryNames::of(sys::Fd const& directory)
{
    std::string const path = sys::own_path_of(directory);
    if (!path.starts_with('/'))
        return std::nullopt;
    if (!has_other_roots_)
        return path;
    auto const mount = sys::mount_of(directory);
    if (!mount)
        return std::nullopt;
    if (own_row(mount->id))
        return path;
    auto const rows = rows_of(std::to_string(thread_));
    auto const row = std::ranges::find(rows, mount->id, &MountRow::id);
    return row == rows.end() ? std::nullopt : translated(directory, *row);
}

} // namespace osh::launcher
