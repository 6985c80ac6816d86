// open(2) of a file that is to be made or written. First as the kernel would do it in one call,
// when the last name matters nowhere; else step by step.

#include "launcher/broker/broker_class.h"
#include "launcher/sys/open_as.h"

#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint64_t kTemporary = O_TMPFILE & ~O_DIRECTORY;

bool makes_names(OpenCall const& call)
{
    return (call.flags & O_CREAT) != 0;
}

bool is_exclusive(OpenCall const& call)
{
    return (call.flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
}

bool writes(OpenCall const& call)
{
    return (call.flags & O_ACCMODE) != O_RDONLY || (call.flags & O_TRUNC) != 0;
}

// Nothing may keep the broker waiting: a FIFO's other end, a terminal's carrier.
bool needs_nonblocking(OpenCall const& call)
{
    return !is_exclusive(call)
           && (call.flags & (O_PATH | kTemporary | O_DIRECTORY | O_NONBLOCK)) == 0;
}

std::uint64_t safe_flags(OpenCall const& call)
{
    std::uint64_t flags = call.flags;
    if (needs_nonblocking(call))
        flags |= O_NONBLOCK;
    return flags;
}

Answer failed(int error)
{
    return {Answer::Kind::Value, error, {}};
}

std::string_view last_name(std::string_view path)
{
    while (path.ends_with('/'))
        path.remove_suffix(1);
    return path.substr(path.rfind('/') + 1);
}

// Names in which our own /proc entries would stand for the caller's.
bool is_about_processes(std::string_view path)
{
    return path.starts_with("/proc/") || path.starts_with("/dev/fd/");
}

constexpr unsigned kTerminal = 5U << 8; // /dev/tty

} // namespace

Answer Broker::carry_out(Turn& turn, OpenCall const& call)
{
    std::string path;
    if (int const error = turn.caller.text(call.path.address, path); error != 0)
        return failed(error);
    if ((call.flags & (O_CREAT | kTemporary)) != 0)
        use_umask(turn.caller.umask());
    return open_path(turn, call, path);
}

Answer Broker::open_path(Turn& turn, OpenCall const& call, std::string const& path)
{
    if (path.empty())
        return failed(ENOENT);
    sys::Opened start;
    if (!path.starts_with('/'))
        start = turn.caller.start_directory(call.path.directory);
    if (!start.ok())
        return failed(start.error);
    if (!is_waiting(turn))
        return {Answer::Kind::Later, 0, {}};
    std::string const base = start.fd.is_open() ? sys::own_path_of(start.fd) : "/";
    bool const is_plain = !ground_.has_other_roots && !base.empty() && !is_about_processes(path)
                          && !judge_.may_matter(last_name(path))
                          && !judge_.may_lie_in_protected(path)
                          && !judge_.may_lie_in_protected(base);
    if (is_plain) {
        Answer quick = open_quickly(start.fd, call, path);
        if (quick.kind == Answer::Kind::File)
            quick = finish(turn, call, std::move(quick.file));
        // These answers may be ours and not the caller's.
        bool const is_doubtful =
            quick.error == ELOOP || quick.error == ENOENT || quick.error == ENXIO;
        if (!is_doubtful)
            return quick;
    }
    return open_place(turn, call, turn.walk.walk(start.fd, path));
}

Answer Broker::open_quickly(sys::Fd const& start, OpenCall const& call, std::string const& path)
{
    // A final link could lead to a name that matters, one on the way into a directory that does:
    // ELOOP, and then step by step. O_TMPFILE makes no name.
    std::uint64_t const flags =
        safe_flags(call) | ((call.flags & kTemporary) != 0 ? 0 : O_NOFOLLOW);
    auto opened = sys::open_entry(start, path, {flags, call.mode, sys::kNoLinks});
    if (!opened.ok())
        return failed(opened.error);
    return {Answer::Kind::File, 0, std::move(opened.fd)};
}

Answer Broker::open_place(Turn& turn, OpenCall const& call, Place place)
{
    bool const follows = !is_exclusive(call) && (call.flags & O_NOFOLLOW) == 0;
    while (place.error == 0 && follows) {
        auto const entry = sys::examine_entry(place.parent, std::string(place.bare_name()));
        if (!entry.is_link())
            break;
        if (turn.walk.is_magic(place))
            return open_magic(turn, call, place);
        place = turn.walk.follow(place);
    }
    return place.error != 0 ? failed(place.error) : open_last(turn, call, place);
}

Answer Broker::open_last(Turn& turn, OpenCall const& call, Place const& place)
{
    auto const entry = sys::examine_entry(place.parent, std::string(place.bare_name()));
    if (entry.error != 0 && entry.error != ENOENT) // not seen is not judged
        return failed(entry.error);
    Ruling ruling;
    if (entry.error == 0 && writes(call))
        ruling = judge_.may_write(place);
    else if (entry.error == ENOENT && makes_names(call))
        ruling = judge_.may_make(place, EntryKind::File, MadeBy::Other);
    if (ruling.error != 0)
        return failed(refuse(place, ruling));
    if (entry.is_device() && entry.special == kTerminal)
        return open_terminal(turn, call);
    auto opened = open_as_caller(turn, call, place);
    bool const has_no_reader = opened.error == ENXIO && entry.is_fifo();
    if (has_no_reader && needs_nonblocking(call)) {
        auto fifo = sys::open_entry(place.parent, place.name, {O_PATH | O_NOFOLLOW, 0, 0});
        return fifo.ok() ? wait_for_other_end(turn, call, std::move(fifo.fd)) : failed(fifo.error);
    }
    if (!opened.ok())
        return failed(opened.error);
    return finish(turn, call, std::move(opened.fd));
}

// A process that made user namespaces of its own maps its identity through /proc, and the kernel
// looks at who opened the file: that must be the caller's namespace, not ours.
sys::Opened Broker::open_as_caller(Turn& turn, OpenCall const& call, Place const& place) const
{
    sys::OpenWish const wish{safe_flags(call) | O_NOFOLLOW, call.mode, 0};
    bool const may_be_below = ground_.has_other_roots && writes(call);
    if (may_be_below && sys::is_on_proc(place.parent)) {
        auto opened = sys::open_entry_as(turn.caller.process(), {place.parent, place.name}, wish);
        if (opened.ok())
            return opened;
    }
    return sys::open_entry(place.parent, place.name, wish);
}

// /proc/PID/fd/N and its kin lead to an open file, wherever its name is.
Answer Broker::open_magic(Turn& turn, OpenCall const& call, Place const& place)
{
    auto const file = sys::open_entry(place.parent, place.name, {O_PATH, 0, 0});
    if (!file.ok())
        return failed(file.error);
    auto const entry = sys::examine(file.fd);
    if (writes(call)) {
        auto const ruling = may_write_open_file(file.fd, entry);
        if (ruling.error != 0)
            return failed(refuse(place, ruling));
    }
    if (entry.is_device() && entry.special == kTerminal)
        return open_terminal(turn, call);
    std::uint64_t const flags =
        safe_flags(call) & ~static_cast<std::uint64_t>(O_CREAT | O_EXCL | O_NOFOLLOW);
    auto opened = sys::open_here(sys::own_link_of(file.fd), flags);
    if (opened.error == ENXIO && entry.is_fifo() && needs_nonblocking(call)) {
        auto fifo = sys::open_here(sys::own_link_of(file.fd), O_PATH);
        return fifo.ok() ? wait_for_other_end(turn, call, std::move(fifo.fd)) : failed(fifo.error);
    }
    if (!opened.ok())
        return failed(opened.error);
    return finish(turn, call, std::move(opened.fd));
}

// /dev/tty is the terminal of who opens it.
Answer Broker::open_terminal(Turn& turn, OpenCall const& call)
{
    std::string const terminal = turn.caller.terminal();
    if (terminal.empty())
        return failed(ENXIO);
    std::uint64_t const flags = safe_flags(call) & ~static_cast<std::uint64_t>(O_CREAT | O_EXCL);
    auto opened = sys::open_here(terminal, flags | O_NOFOLLOW);
    if (!opened.ok())
        return failed(ENXIO);
    return finish(turn, call, std::move(opened.fd));
}

Answer Broker::finish(Turn& turn, OpenCall const& call, sys::Fd file)
{
    if (is_exclusive(call) || (call.flags & (O_PATH | kTemporary)) != 0)
        return {Answer::Kind::File, 0, std::move(file)};
    auto const entry = sys::examine(file);
    if (entry.error != 0)
        return failed(entry.error);
    if (entry.is_device() && entry.special == kTerminal)
        return open_terminal(turn, call);
    bool const is_ours =
        entry.device == ground_.proc_device
        && sys::own_path_of(file).starts_with("/proc/" + ground_.own_process + "/");
    if (is_ours)
        return failed(ELOOP); // reached through "self": to be looked up as the caller's
    bool const is_reader = (call.flags & O_ACCMODE) == O_RDONLY;
    if (entry.is_fifo() && is_reader && needs_nonblocking(call)) {
        return wait_for_other_end(turn, call, std::move(file)); // open: a writer waits no more
    }
    if (needs_nonblocking(call))
        sys::clear_nonblocking(file);
    return {Answer::Kind::File, 0, std::move(file)};
}

Answer Broker::wait_for_other_end(Turn& turn, OpenCall const& call, sys::Fd fifo)
{
    int const error = waiting_.add({turn.id, turn.caller.thread(), call.flags, std::move(fifo)});
    return error == 0 ? Answer{Answer::Kind::Later, 0, {}} : failed(error);
}

// Judged by the name it has now. A file without a name can be written; one whose name we cannot
// see from here could be any.
Ruling Broker::may_write_open_file(sys::Fd const& file, sys::Entry const& entry) const
{
    std::string const path = sys::own_path_of(file);
    if (entry.error != 0 || path.empty())
        return {EACCES, "an open file that cannot be looked at"};
    if (entry.links == 0 || !path.starts_with('/') || !entry.is_regular())
        return {};
    std::size_t const slash = path.rfind('/');
    auto parent = sys::open_here(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
    Place const place{std::move(parent.fd), path.substr(slash + 1), parent.error};
    auto const named = sys::examine_entry(place.parent, place.name);
    bool const is_it = place.error == 0 && named.error == 0 && named.inode == entry.inode
                       && named.device == entry.device;
    return is_it ? judge_.may_write(place) : Ruling{EACCES, "an open file without a known name"};
}

Answer Broker::carry_out(Turn& turn, TruncateCall const& call)
{
    OpenCall const open{call.path, O_WRONLY | O_NONBLOCK, 0};
    Answer opened = carry_out(turn, open);
    if (opened.kind != Answer::Kind::File)
        return opened.error == ENXIO ? failed(EINVAL) : std::move(opened); // a FIFO
    return failed(sys::cut_file(opened.file, call.length));
}

} // namespace osh::launcher
