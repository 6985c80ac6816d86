#pragma once
// A system call of the agent, in the terms of its most general form: open as openat(2), rename as
// renameat2(2), and so on. Register values only; nothing is read from memory here.

#include "launcher/sys/listener.h"

#include <cstdint>
#include <optional>
#include <variant>

namespace osh::launcher
{

struct PathArgument {
    std::int32_t directory = -100; // AT_FDCWD
    std::uint64_t address = 0;
};

struct OpenCall {
    PathArgument path;
    std::uint64_t flags = 0, mode = 0;
};
struct TruncateCall {
    PathArgument path;
    std::uint64_t length = 0;
};
struct MakeDirectoryCall {
    PathArgument path;
    unsigned mode = 0;
};
struct MakeNodeCall {
    PathArgument path;
    unsigned mode = 0;
};
struct MakeLinkCall { // symlinkat(2)
    std::uint64_t target = 0;
    PathArgument path;
};
struct RenameCall {
    PathArgument from, to;
    unsigned flags = 0;
};
struct HardLinkCall {
    PathArgument from, to;
    unsigned flags = 0;
};

struct BindCall {
    std::int32_t socket = -1;
    std::uint64_t address = 0;
    unsigned length = 0;
};

struct MountCall { // of a new file system
    std::uint64_t source = 0, target = 0, type = 0, flags = 0, data = 0;
};

using Call = std::variant<OpenCall, TruncateCall, MakeDirectoryCall, MakeNodeCall, MakeLinkCall,
    RenameCall, HardLinkCall, BindCall, MountCall>;

std::optional<Call> call_of(sys::Notification const& notification);

} // namespace osh::launcher
