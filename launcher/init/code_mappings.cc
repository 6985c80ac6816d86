#include "launcher/init/code_mappings.h"

#include "policy/base/text.h"

#include <algorithm>
#include <charconv>
#include <sys/sysmacros.h>

namespace osh::launcher
{
namespace
{

template<typename T>
std::optional<T> number_of(std::string_view text, int base)
{
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string_view next_word(std::string_view& line)
{
    std::size_t const begin = std::min(line.find_first_not_of(' '), line.size());
    std::size_t const end = std::min(line.find(' ', begin), line.size());
    std::string_view const word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

struct MapsLine {
    bool is_code_of_file = false;
    CodeMapping mapping;
};

// "7f00-7f10 r-xp 00000000 fe:01 1234      /usr/lib/libc.so.6"
std::optional<MapsLine> parse_line(std::string_view line)
{
    next_word(line); // addresses
    std::string_view const rights = next_word(line);
    next_word(line); // offset
    std::string_view const device = next_word(line);
    auto const inode = number_of<std::uint64_t>(next_word(line), 10);
    std::size_t const colon = device.find(':');
    if (rights.size() != 4 || !inode || colon == std::string_view::npos)
        return std::nullopt;
    auto const major = number_of<std::uint32_t>(device.substr(0, colon), 16);
    auto const minor = number_of<std::uint32_t>(device.substr(colon + 1), 16);
    if (!major || !minor)
        return std::nullopt;
    MapsLine found;
    found.is_code_of_file = rights[2] == 'x' && *inode != 0;
    found.mapping = {*major, *minor, *inode, std::string(trimmed(line))};
    return found;
}

std::uint64_t device_of(CodeMapping const& mapping)
{
    return makedev(mapping.major, mapping.minor);
}

} // namespace

std::optional<std::vector<CodeMapping>> parse_code_mappings(std::string_view maps)
{
    if (maps.size() >= kMaxMaps || !maps.ends_with('\n'))
        return std::nullopt;
    maps.remove_suffix(1);
    std::vector<CodeMapping> files;
    for (auto const line : split(maps, '\n')) {
        auto found = parse_line(line);
        if (!found)
            return std::nullopt;
        if (!found->is_code_of_file || std::ranges::find(files, found->mapping) != files.end())
            continue;
        if (files.size() == kMaxCodeFiles)
            return std::nullopt;
        files.push_back(std::move(found->mapping));
    }
    return files;
}

std::optional<std::uint64_t> CodeFiles::device_if_trusted(
    sys::Fd const& proc, CodeMapping const& mapping)
{
    auto const known = trusted_.find(mapping.inode);
    if (known != trusted_.end() && known->second.mapping == mapping)
        return known->second.device;
    if (!mapping.path.starts_with('/'))
        return std::nullopt;
    auto const file = sys::examine_executable(proc, mapping.path.c_str());
    if (!file || file->inode != mapping.inode || !file->is_on_read_only_mount || file->is_deleted)
        return std::nullopt;
    if (trusted_.size() >= kMaxCodeFiles)
        trusted_.clear();
    trusted_.insert_or_assign(mapping.inode, Entry{mapping, file->device});
    return file->device;
}

bool CodeFiles::are_all_trusted(
    sys::Fd const& proc, std::int32_t pid, sys::ExecutableFile const& program)
{
    std::string const path = std::to_string(pid) + "/maps";
    auto const files = parse_code_mappings(sys::read_proc(proc, path.c_str(), kMaxMaps));
    if (!files)
        return false;
    // Some file systems (btrfs, overlay) show another device in maps than stat(2) does. What the
    // program's own file shows is how its file system spells it.
    auto const own = std::ranges::find(*files, program.inode, &CodeMapping::inode);
    return std::ranges::all_of(*files, [&](CodeMapping const& mapping) {
        auto const device = device_if_trusted(proc, mapping);
        bool const is_beside_program = own != files->end() && device == program.device
                                       && device_of(mapping) == device_of(*own);
        return device.has_value() && (*device == device_of(mapping) || is_beside_program);
    });
}

} // namespace osh::launcher
