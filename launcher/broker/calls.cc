#include "launcher/broker/calls.h"

#include <fcntl.h>
#include <sys/syscall.h>

namespace osh::launcher
{
namespace
{

constexpr unsigned kAllModes = 07777; // S_IALLUGO

std::int32_t directory_of(std::uint64_t value)
{
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
}

unsigned number_of(std::uint64_t value)
{
    return static_cast<unsigned>(value);
}

// build_open_flags() of fs/open.c: openat(2) ignores what it does not know, openat2(2) does not.
OpenCall open_call(PathArgument path, std::uint64_t flags, std::uint64_t mode)
{
    constexpr std::uint64_t kTemporary = O_TMPFILE & ~O_DIRECTORY;
    constexpr std::uint64_t kLargeFile = 0100000;
    constexpr std::uint64_t kKnown = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND
                                     | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT
                                     | kLargeFile | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC
                                     | O_PATH | kTemporary;
    constexpr std::uint64_t kWithPath = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;
    OpenCall call{path, flags & kKnown & 0xFFFFFFFFU, mode & kAllModes};
    if ((call.flags & O_PATH) != 0)
        call.flags &= kWithPath;
    if ((call.flags & (O_CREAT | kTemporary)) == 0)
        call.mode = 0;
    return call;
}

} // namespace

// Table: one row per call.
std::optional<Call> call_of(sys::Notification const& notification)
{
    auto const& a = notification.arguments;
    auto const at = [&](std::size_t index) {
        return PathArgument{directory_of(a[index]), a[index + 1]};
    };
    auto const here = [&](std::size_t index) { return PathArgument{AT_FDCWD, a[index]}; };
    switch (notification.call) {
    case SYS_open: return open_call(here(0), a[1], a[2]);
    case SYS_openat: return open_call(at(0), a[2], a[3]);
    case SYS_creat: return open_call(here(0), O_CREAT | O_WRONLY | O_TRUNC, a[1]);
    case SYS_truncate: return TruncateCall{here(0), a[1]};
    case SYS_mkdir: return MakeDirectoryCall{here(0), number_of(a[1])};
    case SYS_mkdirat: return MakeDirectoryCall{at(0), number_of(a[2])};
    case SYS_mknod: return MakeNodeCall{here(0), number_of(a[1])};
    case SYS_mknodat: return MakeNodeCall{at(0), number_of(a[2])};
    case SYS_symlink: return MakeLinkCall{a[0], here(1)};
    case SYS_symlinkat: return MakeLinkCall{a[0], at(1)};
    case SYS_rename: return RenameCall{here(0), here(1), 0};
    case SYS_renameat: return RenameCall{at(0), at(2), 0};
    case SYS_renameat2: return RenameCall{at(0), at(2), number_of(a[4])};
    case SYS_link: return HardLinkCall{here(0), here(1), 0};
    case SYS_linkat: return HardLinkCall{at(0), at(2), number_of(a[4])};
    case SYS_bind: return BindCall{directory_of(a[0]), a[1], number_of(a[2])};
    case SYS_mount: return MountCall{a[0], a[1], a[2], a[3], a[4]};
    default: return std::nullopt;
    }
}

} // namespace osh::launcher
