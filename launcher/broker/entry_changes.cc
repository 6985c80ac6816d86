// mkdir(2), mknod(2), symlink(2), rename(2), link(2).

#include "launcher/broker/broker_class.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

namespace osh::launcher
{
namespace
{

Answer done(int error)
{
    return {Answer::Kind::Value, error, {}};
}

Answer gone()
{
    return {Answer::Kind::Later, 0, {}};
}

} // namespace

Answer Broker::carry_out(Turn& turn, MakeDirectoryCall const& call)
{
    Place const at = place_of(turn, call.path);
    unsigned const mask = turn.caller.umask();
    if (!is_waiting(turn))
        return gone();
    if (at.error != 0)
        return done(at.error);
    auto const ruling = judge_.may_make(at, EntryKind::Directory, MadeBy::Mkdir);
    if (ruling.error != 0)
        return done(sys::entry_exists(at.parent, at.name.c_str()) ? EEXIST : refuse(at, ruling));
    use_umask(mask);
    return done(sys::make_directory_entry({at.parent, at.name}, call.mode));
}

Answer Broker::carry_out(Turn& turn, MakeNodeCall const& call)
{
    Place const at = place_of(turn, call.path);
    unsigned const mask = turn.caller.umask();
    if (!is_waiting(turn))
        return gone();
    if (at.error != 0)
        return done(at.error);
    if (S_ISCHR(call.mode) || S_ISBLK(call.mode)) // refused by the filter, too
        return done(EPERM);
    auto const ruling = judge_.may_make(at, EntryKind::File, MadeBy::Other);
    if (ruling.error != 0)
        return done(refuse(at, ruling));
    use_umask(mask);
    return done(sys::make_node_entry({at.parent, at.name}, call.mode));
}

Answer Broker::carry_out(Turn& turn, MakeLinkCall const& call)
{
    std::string target;
    int const error = turn.caller.text(call.target, target);
    Place const at = place_of(turn, call.path);
    if (!is_waiting(turn))
        return gone();
    if (error != 0 || at.error != 0)
        return done(error != 0 ? error : at.error);
    auto const ruling = judge_.may_make(at, EntryKind::Link, MadeBy::Other);
    if (ruling.error != 0)
        return done(refuse(at, ruling));
    return done(sys::make_link_entry({at.parent, at.name}, target));
}

Answer Broker::carry_out(Turn& turn, RenameCall const& call)
{
    constexpr unsigned kKnown = RENAME_NOREPLACE | RENAME_EXCHANGE; // a whiteout is a device node
    if ((call.flags & ~kKnown) != 0)
        return done(EINVAL);
    Place const from = place_of(turn, call.from);
    Place const to = place_of(turn, call.to);
    if (!is_waiting(turn))
        return gone();
    if (from.error != 0 || to.error != 0)
        return done(from.error != 0 ? from.error : to.error);
    bool const exchanges = (call.flags & RENAME_EXCHANGE) != 0;
    if ((call.flags & RENAME_NOREPLACE) != 0 && sys::entry_exists(to.parent, to.name.c_str()))
        return done(EEXIST);
    for (auto const* way : {&to, &from}) {
        if (way == &from && !exchanges)
            break;
        auto const ruling = judge_.may_rename(way == &to ? from : to, *way);
        if (ruling.error != 0)
            return done(refuse(*way, ruling));
    }
    return done(sys::rename_entry({from.parent, from.name}, {to.parent, to.name}, call.flags));
}

Answer Broker::carry_out(Turn& turn, HardLinkCall const& call)
{
    Place const to = place_of(turn, call.to);
    if (to.error != 0)
        return is_waiting(turn) ? done(to.error) : gone();
    constexpr unsigned kKnown = AT_SYMLINK_FOLLOW | AT_EMPTY_PATH;
    if ((call.flags & ~kKnown) != 0)
        return done(EINVAL);
    auto const ruling = judge_.may_make(to, EntryKind::File, MadeBy::Other);
    if (ruling.error != 0)
        return done(refuse(to, ruling));
    std::string text;
    int const error = turn.caller.text(call.from.address, text);
    if (error != 0)
        return done(error);
    if (text.empty() && (call.flags & AT_EMPTY_PATH) != 0) {
        auto const file = turn.caller.start_directory(call.from.directory);
        auto const may = may_write_open_file(file.fd, sys::examine(file.fd));
        if (!is_waiting(turn))
            return gone();
        return done(!file.ok()
                        ? file.error
                        : (may.error != 0 ? refuse(to, may)
                                          : sys::link_open_file(file.fd, {to.parent, to.name})));
    }
    Place from = place_of(turn, call.from);
    if (!is_waiting(turn))
        return gone();
    if (from.error != 0)
        return done(from.error);
    if ((call.flags & AT_SYMLINK_FOLLOW) != 0)
        return link_followed(turn, from, to);
    auto const may = judge_.may_write(from); // a second name would be a way around
    if (may.error != 0)
        return done(refuse(from, may));
    return done(sys::link_entry({from.parent, from.name}, {to.parent, to.name}));
}

// How an O_TMPFILE gets its name: from /proc/self/fd/N.
Answer Broker::link_followed(Turn& turn, Place const& first, Place const& to)
{
    Place next;
    Place const* from = &first;
    while (sys::examine_entry(from->parent, std::string(from->bare_name())).is_link()) {
        if (turn.walk.is_magic(*from)) {
            auto const file = sys::open_entry(from->parent, from->name, {O_PATH, 0, 0});
            if (!file.ok())
                return done(file.error);
            auto const may = may_write_open_file(file.fd, sys::examine(file.fd));
            if (may.error != 0)
                return done(refuse(*from, may));
            return done(sys::link_open_file(file.fd, {to.parent, to.name}));
        }
        next = turn.walk.follow(*from);
        if (next.error != 0)
            return done(next.error);
        from = &next;
    }
    auto const may = judge_.may_write(*from);
    if (may.error != 0)
        return done(refuse(*from, may));
    return done(sys::link_entry({from->parent, from->name}, {to.parent, to.name}));
}

} // namespace osh::launcher
