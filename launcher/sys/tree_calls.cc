#include "launcher/sys/tree_calls.h"

#include "launcher/sys/proc_view.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::uint64_t kBeneath = 0x08; // RESOLVE_BENEATH
constexpr char kOpaque[] = "user.overlay.opaque";
constexpr std::size_t kMostEntries = 10'000'000; // of one directory that is removed
constexpr std::size_t kDots = 2;                 // "." and ".." are counted, too
constexpr int kMostDepth = 64;                   // descriptors held at once; deeper is lifted up

int error_of(long result)
{
    return result < 0 ? errno : 0;
}

// Whether it could be done shows in what follows. The entry is known to be no link.
void open_up(EntryName at)
{
    [[maybe_unused]] int const changed = ::fchmodat(at.directory.raw(), at.name.c_str(), 0700, 0);
}

Opened open_to_empty(EntryName at)
{
    open_up(at);
    return open_entry(
        at.directory, at.name, {O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, kNoLinks | kNoMagicLinks});
}

// What lies deeper than descriptors may be held is moved to the top and removed from there.
class Removal
{
public:
    explicit Removal(Fd const& top) : top_(top) {}

    int empty(Fd const& directory, int depth)
    {
        int error = 0;
        for_each_entry(directory, ".", kMostEntries, [&](std::string_view name) {
            int const one = remove(directory, std::string(name), depth);
            error = error != 0 ? error : one;
            return true;
        });
        return error;
    }

    bool has_lifted() const { return lifted_ > 0; }
    void forget_lifted() { lifted_ = 0; }

private:
    int remove(Fd const& parent, std::string const& name, int depth)
    {
        if (!examine_entry(parent, name).is_directory())
            return remove_entry({parent, name});
        if (depth >= kMostDepth)
            return lift(parent, name);
        auto const inner = open_to_empty({parent, name});
        if (!inner.ok())
            return inner.error;
        int const error = empty(inner.fd, depth + 1);
        return error != 0 ? error : remove_directory_entry({parent, name});
    }

    int lift(Fd const& parent, std::string const& name)
    {
        open_up({parent, name}); // moving it writes its ".."
        for (;;) {
            std::string const free = ".osh-deep-" + std::to_string(++number_);
            int const error = rename_entry({parent, name}, {top_, free}, RENAME_NOREPLACE);
            if (error == EEXIST)
                continue;
            lifted_ += error == 0 ? 1 : 0;
            return error;
        }
    }

    Fd const& top_;
    std::size_t number_ = 0, lifted_ = 0;
};

} // namespace

Opened open_below(Fd const& root, std::string const& path, std::uint64_t flags)
{
    return open_entry(root, path.empty() ? "." : path,
        {flags | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK), 0, kBeneath | kNoLinks | kNoMagicLinks});
}

std::optional<std::vector<std::string>> entries_of(Fd const& directory, std::size_t limit)
{
    std::vector<std::string> names;
    bool const is_whole = for_each_entry(directory, ".", limit + kDots, [&](std::string_view name) {
        names.emplace_back(name);
        return true;
    });
    if (!is_whole)
        return std::nullopt;
    std::sort(names.begin(), names.end());
    return names;
}

bool is_opaque(Fd const& directory)
{
    char value = 0;
    return ::fgetxattr(directory.raw(), kOpaque, &value, 1) == 1 && value == 'y';
}

int clear_opaque(Fd const& directory)
{
    int const error = error_of(::fremovexattr(directory.raw(), kOpaque));
    return error == ENODATA ? 0 : error;
}

bool is_whiteout(Entry const& entry)
{
    return entry.is_device() && entry.special == 0;
}

int make_whiteout(EntryName at)
{
    return error_of(::mknodat(at.directory.raw(), at.name.c_str(), S_IFCHR, makedev(0, 0)));
}

Opened new_nameless_file(Fd const& directory, unsigned mode)
{
    return open_entry(directory, ".", {O_TMPFILE | O_WRONLY, mode, 0});
}

int remove_directory_entry(EntryName at)
{
    return error_of(::unlinkat(at.directory.raw(), at.name.c_str(), AT_REMOVEDIR));
}

int set_mode(Fd const& file, unsigned mode)
{
    return error_of(::fchmod(file.raw(), mode));
}

int flush(Fd const& place)
{
    return error_of(::syncfs(place.raw()));
}

bool same_bytes(Fd const& one, Fd const& other)
{
    std::array<char, 65536> a{}, b{};
    for (off_t at = 0;;) {
        ssize_t const left = ::pread(one.raw(), a.data(), a.size(), at);
        ssize_t const right = ::pread(other.raw(), b.data(), b.size(), at);
        if (left < 0 || left != right
            || std::memcmp(a.data(), b.data(), static_cast<std::size_t>(left)) != 0)
            return false;
        if (left == 0)
            return true;
        at += left;
    }
}

int remove_tree(EntryName at)
{
    if (!examine_entry(at.directory, at.name).is_directory())
        return remove_entry(at);
    auto const top = open_to_empty(at);
    if (!top.ok())
        return top.error;
    Removal removal(top.fd);
    for (;;) {
        removal.forget_lifted();
        int const error = removal.empty(top.fd, 0);
        if (error != 0)
            return error;
        if (!removal.has_lifted())
            return remove_directory_entry(at);
    }
}

} // namespace osh::sys
