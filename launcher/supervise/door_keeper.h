#pragma once
// The process behind the sockets that a profile opened: takes connections that programs inside make
// to their end of a door, and connects each to the host's socket. A process of its own, because the
// supervisor gives up connect(2). It can open no other sockets' family, start nothing, and ends
// with its channel.

#include "launcher/plan/plan.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/fd.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxPassages = 64; // connections at once; more are closed at once

class DoorKeeper
{
public:
    // `listeners` in the order of `doors`. `said` gets a sentence for the journal.
    static Result<std::unique_ptr<DoorKeeper>> start(sys::EventLoop& loop,
        std::vector<Door> const& doors, std::vector<sys::Fd> const& listeners,
        std::function<void(std::string const&)> said);
    ~DoorKeeper();
    void continue_if_stopped();

private:
    DoorKeeper(sys::EventLoop& loop, std::function<void(std::string const&)> said)
        : loop_(loop), said_(std::move(said))
    {
    }
    void hear();

    sys::EventLoop& loop_;
    std::function<void(std::string const&)> said_;
    sys::Fd channel_, pidfd_;
    std::optional<sys::WatchId> watch_;
};

} // namespace osh::launcher
