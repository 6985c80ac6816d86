#include "netproxy/shell/upstreams.h"

#include "launcher/sys/socket.h"

namespace osh::netproxy::shell
{

using sys::Interest;
using sys::IoStatus;

Upstreams::~Upstreams() = default;

void Upstreams::on_ready(UpstreamId id, sys::Readiness ready)
{
    auto const found = connected_.find(id);
    if (found == connected_.end())
        return;
    if (ready.writable)
        found->second.may_write = true;
    if (ready.readable && found->second.is_bulk) {
        queue_bulk(id, found->second);
        if (!ready.writable)
            return;
    } else if (ready.readable) {
        read_from(id);
        if (ready.is_last && !is_bulk(id))
            read_from(id); // its end, to travel with the last bytes
    }
    attend(id);
}

bool Upstreams::is_bulk(UpstreamId id) const
{
    auto const found = connected_.find(id);
    return found != connected_.end() && found->second.is_bulk;
}

void Upstreams::queue_bulk(UpstreamId id, Connected& connected)
{
    if (std::exchange(connected.waits_for_turn, true))
        return;
    bulk_.push_back(id);
    bool const is_long = bulk_.size() > kPolledQueue && connected.watch != 0;
    if (is_long && loop_.change(connected.watch, Interest::None).ok())
        connected.interest = Interest::None;
}

// One turn of a stream takes as long as a whole exchange of small packets: while there are such,
// streams go one by one, and the loop looks at everybody else in between.
void Upstreams::serve_bulk()
{
    std::size_t left = bulk_.size();
    if (left > 0)
        left = moment_().now < interactive_until_ ? 1 : std::min(left, kBulkTurns);
    for (; left > 0; --left) {
        auto const id = bulk_.front();
        bulk_.pop_front();
        auto const found = connected_.find(id);
        if (found == connected_.end())
            continue;
        found->second.waits_for_turn = false;
        read_from(id);
        attend(id);
    }
}

// One read per turn, straight into the core's buffer: other flows have their turn in between.
void Upstreams::read_from(UpstreamId id)
{
    auto const found = connected_.find(id);
    if (found == connected_.end() || found->second.has_ended)
        return;
    auto const space = core_.upstream_space(id);
    if (space.empty())
        return;
    auto const read = sys::receive_into(found->second.socket, space);
    auto const at = moment_();
    if (read.status == IoStatus::Done) {
        found->second.is_bulk = read.count >= kBulkRead;
        if (!found->second.is_bulk)
            interactive_until_ = at.now + kInteractive;
    }
    core_.received_from_upstream(id, read.count, at); // also 0: gives the space back
    switch (read.status) {
    case IoStatus::Done: return;
    case IoStatus::Busy: return;
    case IoStatus::Ended: over(id, core::Ending::Finish); return;
    case IoStatus::Failed: over(id, core::Ending::Reset); return;
    }
}

void Upstreams::over(UpstreamId id, core::Ending how)
{
    auto const found = connected_.find(id);
    if (found == connected_.end())
        return;
    found->second.has_ended = true;
    core_.upstream_ended(id, how, moment_());
}

void Upstreams::attend(UpstreamId id)
{
    auto found = connected_.find(id);
    if (found == connected_.end())
        return;
    if (!write_to(id, found->second)) {
        over(id, core::Ending::Reset);
        found = connected_.find(id);
        if (found == connected_.end())
            return;
    }
    if (!std::exchange(found->second.is_unsettled, true))
        unsettled_.push_back(id);
}

// False: the socket is dead.
bool Upstreams::write_to(UpstreamId id, Connected& connected)
{
    while (connected.may_write && !connected.is_shut) {
        auto const bytes = core_.to_upstream(id);
        if (bytes.empty())
            break;
        auto const written = sys::send_from(connected.socket, bytes);
        if (written.status == IoStatus::Busy)
            connected.may_write = false;
        else if (written.status != IoStatus::Done)
            return false;
        else
            core_.sent_upstream(id, written.count, moment_());
    }
    if (!connected.is_shut && core_.has_finished_sending(id)) {
        sys::shut_sending(connected.socket);
        connected.is_shut = true;
    }
    return true;
}

void Upstreams::set_interest(Connected& connected, UpstreamId id)
{
    bool const reads = !connected.has_ended && core_.wants_upstream(id);
    bool const writes = !connected.may_write && !connected.is_shut;
    auto const interest = static_cast<Interest>((reads ? 1u : 0u) | (writes ? 2u : 0u));
    bool const is_watched = connected.watch != 0;
    if (interest == connected.interest && is_watched == (interest != Interest::None))
        return;
    connected.interest = interest;
    // Level-triggered: an end that nobody wants to read yet must not spin the loop, so a socket
    // with nothing to do is taken out altogether (epoll reports EPOLLHUP even when not asked).
    if (interest == Interest::None) {
        loop_.unwatch(connected.watch);
        connected.watch = 0;
        return;
    }
    if (connected.watch != 0 && loop_.change(connected.watch, interest).ok())
        return;
    auto watch = loop_.watch(
        connected.socket, interest, [this, id](sys::Readiness ready) { on_ready(id, ready); });
    connected.watch = watch.ok() ? *watch : 0;
}

void Upstreams::close(core::CloseUpstream const& command)
{
    if (auto dialling = dialling_.extract(command.upstream)) {
        for (auto& attempt : dialling.mapped().attempts)
            loop_.unwatch(attempt.watch);
        return;
    }
    if (auto tunnelling = tunnelling_.extract(command.upstream)) {
        if (tunnelling.mapped().watch != 0)
            loop_.unwatch(tunnelling.mapped().watch);
        return;
    }
    auto connected = connected_.extract(command.upstream);
    if (!connected)
        return;
    if (connected.mapped().watch != 0)
        loop_.unwatch_closing(connected.mapped().watch);
    if (command.how == core::Ending::Reset)
        sys::reset_on_close(connected.mapped().socket);
    leaving_.push_back(std::move(connected.mapped().socket));
}

void Upstreams::end_turn(Urgent connects)
{
    for (auto const id : unsettled_) {
        auto const found = connected_.find(id);
        if (found == connected_.end())
            continue;
        found->second.is_unsettled = false;
        set_interest(found->second, id);
    }
    unsettled_.clear();
    if (leaving_.empty())
        return;
    auto const now = moment_().now;
    if (leave_by_.is_never())
        leave_by_ = now + kLeave;
    if (connects == Urgent::Yes && leaving_.size() < kMostLeaving && now < leave_by_)
        return;
    leaving_.clear();
    leave_by_ = Instant::never();
}

} // namespace osh::netproxy::shell
