#pragma once
// A SOCK_SEQPACKET pair between two of our processes: whole messages, with descriptors (unix(7),
// SCM_RIGHTS).

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"
#include "policy/base/time.h"

#include <array>
#include <string>
#include <vector>

namespace osh::sys
{

inline constexpr std::size_t kMaxDescriptors = 8; // with one message

struct ChannelPair {
    Fd ours, theirs;
};
Result<ChannelPair> make_channel(); // both close-on-exec, both blocking

struct Received {
    std::vector<std::byte> bytes; // empty: the other side closed
    std::vector<Fd> descriptors;
};

enum class WhenFull : bool { AsSet, Fail }; // AsSet: waits unless the descriptor is non-blocking
// Errc::Busy when it would have to wait and must not; Errc::Closed when the other side is gone.
Result<> send_message(Fd const& channel, Bytes message,
    std::vector<Fd const*> const& descriptors = {}, WhenFull when_full = WhenFull::AsSet);
enum class Wait : bool { No, AsSet };
// Errc::TooLarge when a message was longer than `limit`; Errc::Busy when nothing is there and the
// descriptor is non-blocking or nobody is to wait.
Result<Received> receive_message(Fd const& channel, std::size_t limit, Wait wait = Wait::AsSet);
// Why a message could not be sent: the other side ended. What it said before can still be received.
bool is_peer_gone(Error const& error);
// Waits until the deadline and no longer, also on a blocking descriptor: Errc::Busy.
Result<Received> receive_message_before(Fd const& channel, std::size_t limit, Instant deadline);

} // namespace osh::sys
