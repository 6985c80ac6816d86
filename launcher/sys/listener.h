#pragma once
// The receiving end of a system call filter that asks: seccomp_unotify(2). The process that made a
// call waits until it is answered; the answer is a value, an errno or a new descriptor. "Go on"
// would let the caller change what its pointers lead to.

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"

#include <array>
#include <cstdint>

namespace osh::sys
{

// Installs the filter on this thread; the descriptor receives what its USER_NOTIF rules match.
// Errc::Busy when a filter of this process, or of one that started it, has a listener already: the
// kernel has one per process tree.
Result<Fd> install_asking_filter(Bytes program);

// Wakes us on the caller's processor (Linux 6.6): half the latency. Without it nothing is wrong.
void wake_in_place(Fd const& listener);

struct Notification {
    std::uint64_t id = 0;
    std::int32_t thread = 0; // in our PID namespace
    std::int32_t call = 0;
    std::array<std::uint64_t, 6> arguments{};
};

enum class Heard { Call, Nothing, End, Failure };
Heard receive_call(Fd const& listener, Notification& into);

// Does that call still wait? If so, `thread` was its caller all along.
bool is_waiting(Fd const& listener, std::uint64_t id);

// An answer to a call that has been interrupted meanwhile goes nowhere. False: the kernel did not
// take it, and the caller would wait for ever.
[[nodiscard]] bool answer_call(Fd const& listener, std::uint64_t id, int error);

// For a call whose thread has a signal to take: the kernel makes EINTR of it, or does the call
// again, as its handler says (signal(7), SA_RESTART). Without one the caller would see a strange
// errno.
[[nodiscard]] bool interrupt_call(Fd const& listener, std::uint64_t id);

// Lets the kernel carry the call out: only where registers alone decide.
[[nodiscard]] bool continue_call(Fd const& listener, std::uint64_t id);

enum class CloseOnExec : bool { No, Yes };
// A copy of the descriptor becomes the call's result. An errno when that failed (EMFILE), else 0.
int answer_with(Fd const& listener, std::uint64_t id, Fd file, CloseOnExec close_on_exec);

} // namespace osh::sys
