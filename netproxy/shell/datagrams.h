#pragma once
// UDP sockets towards the world, one connected socket per flow of the core. udp(7). Decides nothing
// but what dial_guard.h refuses.

#include "launcher/sys/event_loop.h"
#include "netproxy/core/core.h"
#include "netproxy/shell/dial_guard.h"
#include "netproxy/shell/single_guess.h"

#include <functional>
#include <unordered_map>

namespace osh::netproxy::shell
{

class Datagrams
{
public:
    // guard: borrowed.
    Datagrams(sys::EventLoop& loop, DialGuard& guard, core::Core& core,
        std::function<core::Moment()> moment)
        : loop_(loop), guard_(guard), core_(core), moment_(std::move(moment))
    {
    }

    void open(core::OpenDatagrams const& command);
    void send(core::SendDatagram const& command);
    void close(core::CloseDatagrams const& command);

private:
    struct Socket {
        sys::Fd socket;
        sys::WatchId watch = 0;
        SingleGuess guess;
        stack::Fragments fragments = stack::Fragments::Allowed; // what it is set to
    };
    Result<> start(core::OpenDatagrams const& command);
    void on_ready(core::UpstreamId id);
    void too_big(core::UpstreamId id, Socket const& on);
    void failed(core::UpstreamId id, int error);

    sys::EventLoop& loop_;
    DialGuard& guard_;
    core::Core& core_;
    std::function<core::Moment()> moment_;
    std::unordered_map<core::UpstreamId, Socket> sockets_;
    std::vector<std::byte> buffer_; // one datagram; taken at the first use
};

} // namespace osh::netproxy::shell
