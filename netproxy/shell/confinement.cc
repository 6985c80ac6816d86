#include "netproxy/shell/confinement.h"

#include "launcher/sys/io.h"
#include "launcher/sys/landlock.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/unshare.h"
#include "netproxy/shell/syscall_filter.h"

#include <algorithm>
#include <fcntl.h>

namespace osh::netproxy::shell
{
namespace
{

constexpr char const* kEmptyRootSize = "4k";

Result<> empty_the_root()
{
    sys::NewNamespaces wanted;
    wanted.user = wanted.mount = wanted.ipc = true;
    TRY(sys::enter_new_namespaces(wanted));
    TRY(sys::make_all_private());
    sys::MountFlags flags;
    flags.read_only = flags.no_exec = true;
    LET(root, sys::new_mount("tmpfs", {{"size", kEmptyRootSize}, {"nr_inodes", "2"}}, flags));
    LET(slash, sys::look_up("/", sys::Links::Follow));
    TRY(sys::attach_mount(root, slash)); // pivot_root(2) wants a mount of this namespace
    return sys::enter_root(root);
}

Result<> forbid_all_paths()
{
    int const abi = sys::landlock_abi();
    if (abi <= 0)
        return {}; // the launcher reports it; the root is empty either way
    LET(landlock, sys::Landlock::create(abi));
    return landlock.enforce();
}

Result<> prove_no_paths()
{
    for (char const* path : {"/etc/passwd", "/proc/self/status", "/dev/null"})
        if (sys::open_path(path, O_RDONLY).ok())
            return fail(Errc::System, std::string("still able to open ") + path);
    return {};
}

} // namespace

Result<> leave_the_host()
{
    TRY(sys::forbid_new_privileges());
    TRY(empty_the_root());
    TRY(sys::drop_all_capabilities());
    TRY(sys::become_undumpable()); // after the maps were written: /proc files change owner with it
    TRY(forbid_all_paths());
    TRY(sys::set_limit("core", 0));
    TRY(sys::set_limit("fsize", 0));
    TRY(sys::set_limit("nproc", 0));
    if (sys::has_any_capability())
        return fail(Errc::System, "capabilities are still there after they were dropped");
    return prove_no_paths();
}

Result<> lock_system_calls()
{
    return sys::install_filter(syscall_filter());
}

} // namespace osh::netproxy::shell
