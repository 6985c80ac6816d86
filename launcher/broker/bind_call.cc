// bind(2): a local socket's path is a name like others, and to access(2) a socket may look like the
// directories that make a repository. Every address is copied once and bound by us: which family it
// is of stands in the caller's memory, where it could change.

#include "launcher/sys/bind_call.h"
#include "launcher/broker/broker_class.h"

#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

Answer done(int error)
{
    return {Answer::Kind::Value, error, {}};
}

// Does the kernel come to the same directory for us as for the caller?
bool leads_there(sys::Fd const& start, std::string const& path, Place const& at)
{
    std::size_t const end = path.size() - at.name.size();
    auto const parent = sys::open_entry(
        start, end == 0 ? "." : path.substr(0, end), {O_PATH | O_DIRECTORY, 0, sys::kNoMagicLinks});
    auto const here = sys::examine(parent.fd), there = sys::examine(at.parent);
    return parent.ok() && here.device == there.device && here.inode == there.inode;
}

} // namespace

Answer Broker::carry_out(Turn& turn, BindCall const& call)
{
    auto const socket =
        sys::take_descriptor(turn.caller.thread(), turn.caller.process(), call.socket);
    if (!is_waiting(turn))
        return {Answer::Kind::Later, 0, {}};
    if (!socket.ok())
        return done(socket.error);
    if (call.length > sys::kMaxAddress)
        return done(EINVAL);
    std::string address(call.length, '\0');
    int const error = sys::read_remote_bytes(turn.caller.thread(), call.address, address);
    if (error != 0)
        return done(error);
    auto const path = sys::path_in_address(address);
    return done(path ? bind_name(turn, socket.fd, *path) : sys::bind_socket(socket.fd, address));
}

// Under the caller's own words where that is the same, because getsockname(2) tells them.
int Broker::bind_name(Turn& turn, sys::Fd const& socket, std::string const& path)
{
    sys::Opened start;
    if (!path.starts_with('/'))
        start = turn.caller.start_directory(AT_FDCWD);
    if (!start.ok())
        return start.error;
    auto const base =
        sys::open_entry(start.fd, path.starts_with('/') ? "/" : ".", {O_PATH | O_DIRECTORY, 0, 0});
    Place const at = turn.walk.find(std::move(start.fd), path);
    unsigned const mask = turn.caller.umask();
    if (!is_waiting(turn))
        return EINTR;
    if (at.error != 0)
        return at.error;
    auto const ruling = judge_.may_make(at, EntryKind::File, MadeBy::Other);
    if (ruling.error != 0)
        return refuse(at, ruling);
    use_umask(mask);
    if (!ground_.has_other_roots && base.ok() && leads_there(base.fd, path, at))
        return sys::bind_path(socket, base.fd, path);
    return sys::bind_path(socket, at.parent, at.name);
}

} // namespace osh::launcher
