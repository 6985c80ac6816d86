#pragma once
// One epoll(7) loop per process, no threads. Level-triggered. Callbacks may add, change and remove
// watches, also their own.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstdint>
#include <deque>
#include <functional>
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
    bool is_last = false; // the peer sends no more than what is there
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
    // The same for a descriptor that is closed right after, which epoll(7) notices by itself. Not
    // for one that a duplicate keeps open.
    void unwatch_closing(WatchId id);

    // Waits until something is ready or the deadline (never: no timer) and runs the callbacks of
    // one batch.
    Result<> run_once(Instant deadline);

private:
    struct Watch {
        std::function<void(Readiness)> on_ready;
        int raw = -1;
        std::uint32_t serial = 0; // half of the id: a reused place is another watch
        bool is_active = false;
    };
    explicit EventLoop(Fd epoll);
    Watch* find(WatchId id);
    void set_free(std::uint32_t place);
    void end(Watch& watch, WatchId id);

    Fd epoll_;
    std::deque<Watch> watches_;               // places stay where they are: callbacks run in them
    std::vector<std::uint32_t> free_, ended_; // ended_: by a callback of the batch under way
    std::uint32_t last_serial_ = 0;
    bool is_running_ = false;
};

} // namespace osh::sys
