#pragma once
// System calls that wait until another process of ours has seen them: seccomp_unotify(2). The
// numbers and arguments are those in registers; nothing that a pointer leads to is trusted here,
// because it can change after the answer.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace osh::sys
{

// SECCOMP_FILTER_FLAG_NEW_LISTENER: at most one filter of a process and its ancestors may have one.
Result<Fd> install_watched_filter(std::span<std::byte const> program);

struct WatchedCall {
    std::uint64_t id = 0;
    std::int32_t thread = 0; // as seen from the receiver's PID namespace
    std::int32_t number = 0;
    std::array<std::uint64_t, 6> arguments{};
};

// Nothing when the caller died before it was heard.
std::optional<WatchedCall> receive_watched_call(Fd const& listener);

enum class WatchedAnswer : bool { Refuse, Continue }; // Refuse: EPERM
void answer_watched_call(Fd const& listener, WatchedCall const& call, WatchedAnswer answer);

} // namespace osh::sys
