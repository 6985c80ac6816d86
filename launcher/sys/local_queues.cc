#include "launcher/sys/local_queues.h"

#include "launcher/sys/unix_diag.h"

#include <sys/socket.h>

namespace osh::sys
{
namespace
{

constexpr std::uint8_t kListening = 10; // TCP_LISTEN, which Unix sockets use too

void take_socket(UnixSocket const& one, LocalQueues& into)
{
    // The length of the queue; of a listener, how many wait for accept(2).
    auto const told = one.attribute<unix_diag_rqlen>(UNIX_DIAG_RQLEN);
    bool const is_filled = !told || told->udiag_rqueue > 0; // not told: it may hold anything
    if (one.socket.udiag_state == kListening)
        into.has_backlog |= is_filled;
    else if (is_filled || one.socket.udiag_type != SOCK_STREAM)
        into.filled.push_back(one.socket.udiag_ino);
}

} // namespace

Result<LocalQueues> local_queues()
{
    LocalQueues found;
    TRY(list_unix_sockets(
        UDIAG_SHOW_RQLEN, [&found](UnixSocket const& one) { take_socket(one, found); }));
    return found;
}

} // namespace osh::sys
