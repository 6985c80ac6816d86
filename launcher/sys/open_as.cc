#include "launcher/sys/open_as.h"

#include "launcher/sys/channel.h"
#include "launcher/sys/process.h"

#include <cerrno>
#include <linux/magic.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

int open_in_child(Fd const& pidfd, EntryName at, OpenWish wish, Fd const& answers)
{
    if (::setns(pidfd.raw(), CLONE_NEWUSER) != 0)
        return EPERM;
    auto opened = open_entry(at.directory, at.name, wish);
    if (!opened.ok())
        return opened.error;
    auto const sent = send_message(answers, bytes_of("f"), {&opened.fd});
    return sent.ok() ? 0 : EIO;
}

} // namespace

Opened open_entry_as(std::int32_t process, EntryName at, OpenWish wish)
{
    Opened opened;
    opened.error = EPERM;
    Fd const pidfd = Fd::adopt_raw_fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    auto pair = make_channel();
    if (!pidfd.is_open() || !pair.ok())
        return opened;
    auto child = copy_process([&] { return open_in_child(pidfd, at, wish, pair->theirs); });
    if (!child.ok())
        return opened;
    pair->theirs.reset();
    auto received = receive_message(pair->ours, 1);
    int status = 0;
    while (::waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (received.ok() && received->descriptors.size() == 1) {
        opened.fd = std::move(received->descriptors[0]);
        opened.error = 0;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        opened.error = WEXITSTATUS(status);
    }
    return opened;
}

bool is_on_proc(Fd const& directory)
{
    struct statfs seen {
    };
    return ::fstatfs(directory.raw(), &seen) == 0 && seen.f_type == PROC_SUPER_MAGIC;
}

} // namespace osh::sys
