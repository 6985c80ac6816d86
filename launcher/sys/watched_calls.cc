#include "launcher/sys/watched_calls.h"

#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace osh::sys
{

Result<Fd> install_watched_filter(std::span<std::byte const> program)
{
    std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
    std::memcpy(instructions.data(), program.data(), instructions.size() * sizeof(sock_filter));
    sock_fprog const filter{static_cast<unsigned short>(instructions.size()), instructions.data()};
    long const listener =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    if (listener < 0)
        return fail_errno(errno, "cannot install the filter of watched calls");
    return Fd::adopt_raw_fd(static_cast<int>(listener)); // close-on-exec
}

std::optional<WatchedCall> receive_watched_call(Fd const& listener)
{
    seccomp_notif heard{};
    if (::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_RECV, &heard) != 0)
        return std::nullopt;
    WatchedCall call;
    call.id = heard.id;
    call.thread = static_cast<std::int32_t>(heard.pid);
    call.number = heard.data.nr;
    for (std::size_t i = 0; i < call.arguments.size(); ++i)
        call.arguments[i] = heard.data.args[i];
    return call;
}

void answer_watched_call(Fd const& listener, WatchedCall const& call, WatchedAnswer answer)
{
    seccomp_notif_resp said{};
    said.id = call.id;
    if (answer == WatchedAnswer::Continue)
        said.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
        said.error = -EPERM;
    // ENOENT: the caller is gone; there is nobody to be answered.
    (void)::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_SEND, &said);
}

} // namespace osh::sys
