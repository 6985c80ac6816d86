// mount(2) of a new file system in a nested sandbox. Its type is text in the caller's memory, so no
// filter sees it; and an overlay would carry names past us: with its upper directory in the project
// it puts there whatever lies in its lower one, as soon as somebody touches it. The types that
// nested sandboxes need are mounted by us in the caller's place; there are no others. Binds, moves
// and changes of what is mounted are the caller's own (DirectoryNames sees through them).

#include "launcher/broker/broker_class.h"
#include "launcher/sys/mount_as.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

// Table: what bubblewrap, unshare(1) and browsers mount.
constexpr std::array<std::string_view, 7> kTypes{
    "proc", "tmpfs", "devpts", "mqueue", "sysfs", "ramfs", "cgroup2"};

Answer done(int error)
{
    return {Answer::Kind::Value, error, {}};
}

int text_or_nothing(Caller const& caller, std::uint64_t address, std::optional<std::string>& into)
{
    if (address == 0)
        return 0;
    std::string text;
    int const error = caller.text(address, text);
    into = std::move(text);
    return error;
}

} // namespace

Answer Broker::carry_out(Turn& turn, MountCall const& call)
{
    sys::NewMount mount;
    mount.flags = call.flags;
    std::optional<std::string> type;
    int error = turn.caller.text(call.target, mount.target);
    error = error != 0 ? error : text_or_nothing(turn.caller, call.type, type);
    error = error != 0 ? error : text_or_nothing(turn.caller, call.source, mount.source);
    error = error != 0 ? error : text_or_nothing(turn.caller, call.data, mount.data);
    auto root = turn.caller.root(), directory = turn.caller.start_directory(AT_FDCWD);
    bool const may_mount = may_mount_in(parts_.proc, turn.caller.thread());
    std::int32_t const process = turn.caller.process();
    if (!is_waiting(turn))
        return {Answer::Kind::Later, 0, {}};
    if (error != 0)
        return done(error);
    if (!may_mount || !root.ok() || !directory.ok())
        return done(EPERM);
    mount.type = type.value_or("");
    if (std::ranges::find(kTypes, mount.type) == kTypes.end())
        return done(EPERM);
    return done(sys::mount_as({process, std::move(root.fd), std::move(directory.fd)}, mount));
}

} // namespace osh::launcher
