#include "launcher/supervise/self_confinement.h"

#include "launcher/seccomp/programs.h"
#include "launcher/sys/process.h"
#include "launcher/sys/self.h"

#include <array>
#include <linux/capability.h>

namespace osh::launcher
{
namespace
{

// Of root's powers: looking at the namespaces of whoever connects to the control socket.
constexpr std::array kKept{CAP_SYS_PTRACE};

} // namespace

Result<> confine_supervisor()
{
    TRY(sys::give_up_capabilities_but(kKept));
#ifdef __SANITIZE_ADDRESS__
    return {}; // its leak checker starts a process at the end; what people get is built without
#endif
    TRY(sys::install_filter(supervisor_filter()));
    if (sys::may_execute() || sys::may_open_internet_socket())
        return fail(
            Errc::Denied, "osh itself is not confined: its system call filter does not act");
    return {};
}

} // namespace osh::launcher
