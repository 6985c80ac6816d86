#pragma once
// One epoll(7) loop per process, no threads. Level-triggered. Callbacks may add, change and remove
// watches, also their own.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace osh::sys
{

Instant now(); // CLOCK_MONOTONIC; the only place besides wall_now() that reads a clock
WallTime wall_now();

enum class Interest : std::uint32_t { None = 0, Read = 1, Write = 2, ReadWrite = 3 };

struct Readiness {
    bool readable = false; // data, end of file, or an error to be read
    bool writable = false;
    bool hung_up = false; // EPOLLHUP or EPOLLERR
};

using WatchId = std::uint64_t;

class EventLoop
{
public:
    static Result<EventLoop> create();
    EventLoop(EventLoop&&) noexcept;
    EventLoop& operator=(EventLoop&&) noexcept;
    ~EventLoop();

    // The descriptor must stay open until unwatch(id); the loop does not own it.
    Result<WatchId> watch(Fd const& fd, Interest interest, std::function<void(Readiness)> on_ready);
    Result<> change(WatchId id, Interest interest);
    void unwatch(WatchId id);

    // Waits until something is ready or the deadline (never: no timer) and runs the callbacks of
    // one batch.
    Result<> run_once(Instant deadline);

private:
    struct Watch;
    explicit EventLoop(Fd epoll);

    Fd epoll_;
    WatchId next_id_ = 1;
    std::unordered_map<WatchId, std::shared_ptr<Watch>> watches_;
};

} // namespace osh::sys
