#pragma once
// Unix sockets of this network namespace whose queues may hold descriptors that travel (unix(7),
// SCM_RIGHTS): sock_diag(7), the dump form. Says where to look, not what is there.

#include "policy/base/result.h"

#include <cstdint>
#include <vector>

namespace osh::sys
{

struct LocalQueues {
    // Inodes. A stream carries descriptors beside at least one byte, a datagram beside none.
    std::vector<std::uint64_t> filled;
    // Somebody connected to a listener and was not accepted: what he sent is in no socket that a
    // process holds.
    bool has_backlog = false;
};

// An error where the kernel has no unix_diag.
Result<LocalQueues> local_queues();

} // namespace osh::sys
