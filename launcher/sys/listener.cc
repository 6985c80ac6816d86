#include "launcher/sys/listener.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace osh::sys
{
namespace
{

// linux/seccomp.h of Linux 6.6; Debian 12 has that of 6.1.
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, __u64);
constexpr unsigned long kSyncWakeUp = 1;

constexpr int kMostTries = 4;

// ENOENT is the one error that says something: the caller is gone, or has its answer. Errno or 0.
template<typename Call>
int repeated(Call const& call)
{
    int error = 0;
    for (int tries = 0; tries < kMostTries; ++tries) {
        error = call() == 0 ? 0 : errno;
        if (error == 0 || error == ENOENT)
            break;
    }
    return error;
}

// 0 also when nobody waits any more.
int sent(Fd const& listener, seccomp_notif_resp answer)
{
    int const error =
        repeated([&] { return ::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_SEND, &answer); });
    return error == ENOENT ? 0 : error;
}

// No process has the filter any more.
bool has_ended(Fd const& listener)
{
    pollfd question{listener.raw(), 0, 0};
    return ::poll(&question, 1, 0) == 1 && (question.revents & POLLHUP) != 0;
}

} // namespace

Result<Fd> install_asking_filter(Bytes program)
{
    std::vector<sock_filter> instructions(program.size() / sizeof(sock_filter));
    std::memcpy(instructions.data(), program.data(), instructions.size() * sizeof(sock_filter));
    sock_fprog const filter{static_cast<unsigned short>(instructions.size()), instructions.data()};
    // Killable: once received, only death interrupts a call. Else a signal would restart a call
    // that was carried out already, and mkdir(2) would find its own directory (Linux 5.19).
    for (unsigned const flags : {static_cast<unsigned>(SECCOMP_FILTER_FLAG_NEW_LISTENER
                                                       | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
             static_cast<unsigned>(SECCOMP_FILTER_FLAG_NEW_LISTENER)}) {
        long const raw = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
        if (raw >= 0)
            return Fd::adopt_raw_fd(static_cast<int>(raw));
        if (errno == EBUSY)
            return fail(Errc::Busy, "osh runs below a program that already supervises system calls "
                                    "(another osh, or a container manager); the kernel allows one");
        if (errno != EINVAL)
            break;
    }
    return fail_errno(errno, "cannot install the filter of calls that are told");
}

void wake_in_place(Fd const& listener)
{
    ::ioctl(listener.raw(), kSetFlags, kSyncWakeUp);
}

Heard receive_call(Fd const& listener, Notification& into)
{
    union { // room for later kernels; must be zero
        seccomp_notif notification;
        std::array<char, 256> bytes;
    } buffer;
    std::memset(&buffer, 0, sizeof buffer);
    if (::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_RECV, &buffer) != 0) {
        int const error = errno;
        if (error != EINTR && has_ended(listener))
            return Heard::End;
        return error == EINTR || error == ENOENT ? Heard::Nothing : Heard::Failure;
    }
    auto const& said = buffer.notification;
    into.id = said.id;
    into.thread = static_cast<std::int32_t>(said.pid);
    into.call = said.data.nr;
    for (std::size_t i = 0; i < into.arguments.size(); ++i)
        into.arguments[i] = said.data.args[i];
    return Heard::Call;
}

bool is_waiting(Fd const& listener, std::uint64_t id)
{
    return repeated([&] { return ::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id); })
           == 0;
}

bool answer_call(Fd const& listener, std::uint64_t id, int error)
{
    seccomp_notif_resp answer{};
    answer.id = id;
    answer.error = -error;
    return sent(listener, answer) == 0;
}

bool interrupt_call(Fd const& listener, std::uint64_t id)
{
    constexpr int kRestart = 512; // ERESTARTSYS of the kernel's own linux/errno.h
    return answer_call(listener, id, kRestart);
}

bool continue_call(Fd const& listener, std::uint64_t id)
{
    seccomp_notif_resp answer{};
    answer.id = id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return sent(listener, answer) == 0;
}

int answer_with(Fd const& listener, std::uint64_t id, Fd file, CloseOnExec close_on_exec)
{
    seccomp_notif_addfd gift{};
    gift.id = id;
    gift.srcfd = static_cast<__u32>(file.raw());
    gift.newfd_flags = close_on_exec == CloseOnExec::Yes ? O_CLOEXEC : 0;
    int const number = ::ioctl(listener.raw(), SECCOMP_IOCTL_NOTIF_ADDFD, &gift);
    if (number < 0)
        return errno;
    // Our copy goes first: a program that was written, closed and is executed at once would be
    // busy (ETXTBSY) as long as anybody has it open for writing.
    file.reset();
    seccomp_notif_resp answer{};
    answer.id = id;
    answer.val = number;
    return sent(listener, answer);
}

} // namespace osh::sys
