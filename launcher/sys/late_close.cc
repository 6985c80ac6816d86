// unix(7), SCM_RIGHTS: a socket that is referred to only by a message in its own queue is garbage.
// The kernel finds it when the next socket of the family ends, and drops it with all that the
// message holds.

#include "launcher/sys/late_close.h"

#include "launcher/sys/channel.h"

#include <array>

namespace osh::sys
{

void close_in_background(Fd fd)
{
    if (!fd.is_open())
        return;
    auto pair = make_channel();
    if (!pair.ok())
        return;
    std::array<std::byte, 1> const nothing{};
    auto const sent = send_message(pair->ours, nothing, {&pair->theirs, &fd}, WhenFull::Fail);
    if (!sent.ok())
        return;
    // Ours last: its end is what makes the kernel look for garbage.
    fd.reset();
    pair->theirs.reset();
    pair->ours.reset();
}

} // namespace osh::sys
