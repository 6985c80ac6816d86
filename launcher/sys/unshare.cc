#include "launcher/sys/unshare.h"

#include "launcher/sys/io.h"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace osh::sys
{

Result<> enter_new_namespaces(NewNamespaces wanted)
{
    auto const uid = ::geteuid();
    auto const gid = ::getegid();
    LET(proc, open_path("/proc", O_PATH | O_DIRECTORY));
    int flags = 0;
    flags |= wanted.user ? CLONE_NEWUSER : 0;
    flags |= wanted.mount ? CLONE_NEWNS : 0;
    flags |= wanted.pid ? CLONE_NEWPID : 0; // of the children: this process stays where it is
    flags |= wanted.net ? CLONE_NEWNET : 0;
    flags |= wanted.ipc ? CLONE_NEWIPC : 0;
    flags |= wanted.uts ? CLONE_NEWUTS : 0;
    flags |= wanted.cgroup ? CLONE_NEWCGROUP : 0;
    if (::unshare(flags) != 0)
        return fail_errno(errno, "unshare");
    if (wanted.user)
        TRY(map_identity(proc, uid, gid));
    return {};
}

} // namespace osh::sys
