#include "launcher/sys/self.h"

#include <cerrno>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{

Result<> set_no_new_privileges()
{
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        || ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return fail_errno(errno, "cannot set no_new_privs");
    return {};
}

void forbid_core_dumps()
{
    rlimit const none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

Result<> forbid_inspection()
{
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail_errno(errno, "cannot make osh non-dumpable");
    return {};
}

bool may_execute()
{
    return ::syscall(SYS_execve, nullptr, nullptr, nullptr) != -1 || errno != EPERM;
}

bool may_open_internet_socket()
{
    int const raw = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (raw < 0)
        return false;
    ::close(raw);
    return true;
}

std::uint32_t own_user()
{
    return ::getuid();
}

std::uint32_t own_group()
{
    return ::getgid();
}

void set_private_umask()
{
    ::umask(077);
}

std::uint32_t own_umask() // the call tells it only by changing it
{
    mode_t const mask = ::umask(077);
    ::umask(mask);
    return mask;
}

} // namespace osh::sys
