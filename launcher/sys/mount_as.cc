#include "launcher/sys/mount_as.h"

#include "launcher/sys/channel.h"
#include "launcher/sys/process.h"

#include <cerrno>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

char const* text_or_null(std::optional<std::string> const& text)
{
    return text ? text->c_str() : nullptr;
}

// The answer is one byte: errno, or 0.
int tell(Fd const& answers, int error)
{
    auto const byte = static_cast<std::byte>(error);
    return send_message(answers, {&byte, 1}).ok() ? 0 : 1;
}

int enter(Fd const& pidfd, MountPlace const& place)
{
    for (int const kind : {CLONE_NEWUSER, CLONE_NEWNS})
        if (::setns(pidfd.raw(), kind) != 0)
            return EPERM;
    // What procfs, mqueue, sysfs and cgroup2 show. One that is not the sandbox's own is ours too.
    for (int const kind : {CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWCGROUP, CLONE_NEWPID})
        (void)::setns(pidfd.raw(), kind);
    bool const is_there = ::fchdir(place.root.raw()) == 0 && ::chroot(".") == 0
                          && ::fchdir(place.directory.raw()) == 0;
    return is_there ? 0 : errno;
}

int mount_here(NewMount const& mount)
{
    int const status = ::mount(text_or_null(mount.source), mount.target.c_str(), mount.type.c_str(),
        mount.flags, text_or_null(mount.data));
    return status == 0 ? 0 : errno;
}

} // namespace

int mount_as(MountPlace const& place, NewMount const& mount)
{
    Fd const pidfd =
        Fd::adopt_raw_fd(static_cast<int>(::syscall(SYS_pidfd_open, place.process, 0)));
    auto pair = make_channel();
    if (!pidfd.is_open() || !pair.ok())
        return EPERM;
    auto const child = copy_process([&] {
        pair->ours.reset();
        if (int const error = enter(pidfd, place); error != 0)
            return tell(pair->theirs, error);
        // A PID namespace is entered by the next child only.
        auto const inner = copy_process([&] { return tell(pair->theirs, mount_here(mount)); });
        return inner.ok() ? 0 : tell(pair->theirs, EAGAIN);
    });
    if (!child.ok())
        return EAGAIN;
    pair->theirs.reset();
    auto const answer = receive_message(pair->ours, 1);
    return answer.ok() && answer->bytes.size() == 1 ? static_cast<int>(answer->bytes[0]) : EIO;
}

} // namespace osh::sys
