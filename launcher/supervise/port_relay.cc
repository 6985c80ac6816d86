#include "launcher/supervise/port_relay.h"

#include "launcher/sys/socket.h"

namespace osh::launcher
{

using sys::Interest;
using sys::IoStatus;

PortRelay::PortRelay(
    sys::EventLoop& loop, sys::Fd host, sys::Fd inside, std::vector<std::byte>& scratch)
    : loop_(loop), scratch_(scratch)
{
    host_.socket = std::move(host);
    inside_.socket = std::move(inside);
}

PortRelay::~PortRelay()
{
    for (auto const* side : {&host_, &inside_})
        if (side->watch != 0)
            loop_.unwatch(side->watch);
}

Result<> PortRelay::start(RelayHooks hooks)
{
    hooks_ = std::move(hooks);
    LET(watch, loop_.watch(inside_.socket, Interest::Write, [this](auto) { on_connected(); }));
    inside_.watch = watch;
    inside_.interest = Interest::Write;
    return {};
}

void PortRelay::on_connected()
{
    int const error = sys::connect_outcome(inside_.socket);
    loop_.unwatch(inside_.watch);
    inside_.watch = 0;
    inside_.interest = Interest::None;
    if (error == 0)
        return on_ready();
    auto const refused = hooks_.refused;
    refused();
}

void PortRelay::on_ready()
{
    if (!carry(host_, inside_) || !carry(inside_, host_))
        return finish();
    if (host_.is_shut && inside_.is_shut) {
        auto const over = hooks_.over;
        return over();
    }
    rearm(host_, inside_);
    rearm(inside_, host_);
}

bool PortRelay::carry(Side& from, Side& to)
{
    for (int round = 0; round < kRelayRounds; ++round) {
        if (!flush(to))
            return false;
        if (!to.unsent.empty() || from.has_ended)
            break;
        auto const read = sys::receive_into(from.socket, scratch_);
        if (read.status == IoStatus::Busy)
            return true;
        if (read.status == IoStatus::Failed)
            return false;
        from.has_ended = read.status == IoStatus::Ended;
        to.unsent.assign(text_of(Bytes(scratch_).first(read.count)));
    }
    if (!flush(to))
        return false;
    if (from.has_ended && to.unsent.empty() && !to.is_shut) {
        sys::shut_sending(to.socket);
        to.is_shut = true;
    }
    return true;
}

bool PortRelay::flush(Side& to)
{
    while (!to.unsent.empty()) {
        auto const sent = sys::send_from(to.socket, bytes_of(to.unsent));
        if (sent.status == IoStatus::Busy)
            return true;
        if (sent.status != IoStatus::Done)
            return false;
        to.unsent.erase(0, sent.count);
    }
    to.unsent.shrink_to_fit(); // an idle connection keeps nothing
    return true;
}

// Level-triggered: a side that waits for nothing is taken out, or its end would spin the loop.
void PortRelay::rearm(Side& side, Side const& other)
{
    bool const reads = !side.has_ended && other.unsent.empty();
    bool const writes = !side.unsent.empty();
    auto const interest = static_cast<Interest>((reads ? 1u : 0u) | (writes ? 2u : 0u));
    if (interest == side.interest)
        return;
    side.interest = interest;
    if (interest != Interest::None && side.watch != 0 && loop_.change(side.watch, interest).ok())
        return;
    if (side.watch != 0)
        loop_.unwatch(side.watch);
    side.watch = 0;
    if (interest == Interest::None)
        return;
    auto const watch = loop_.watch(side.socket, interest, [this](auto) { on_ready(); });
    side.watch = watch.ok() ? *watch : 0;
}

void PortRelay::reset()
{
    for (auto const* side : {&host_, &inside_})
        if (side->socket.is_open())
            sys::reset_on_close(side->socket);
}

void PortRelay::finish()
{
    reset();
    auto const over = hooks_.over;
    over();
}

} // namespace osh::launcher
