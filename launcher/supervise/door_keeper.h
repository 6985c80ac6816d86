#pragma once
// The supervisor's end of the process behind opened sockets (door_service.h). A process of its own,
// because the supervisor gives up connect(2).

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
