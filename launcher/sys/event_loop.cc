#include "launcher/sys/event_loop.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <sys/epoll.h>

namespace osh::sys
{
namespace
{

constexpr int kBatch =
    64; // events fetched with one call; fairness between descriptors comes from level triggering

std::uint32_t epoll_bits(Interest interest)
{
    auto const bits = static_cast<std::uint32_t>(interest);
    return ((bits & 1) != 0 ? EPOLLIN | EPOLLRDHUP : 0u) | ((bits & 2) != 0 ? EPOLLOUT : 0u);
}

int milliseconds_until(Instant deadline)
{
    if (deadline.is_never())
        return -1;
    auto const left = deadline - now();
    if (left <= Duration::zero())
        return 0;
    auto const rounded_up = (left.count() + 999'999) / 1'000'000;
    return static_cast<int>(std::min<std::int64_t>(rounded_up, 3'600'000));
}

} // namespace

struct EventLoop::Watch {
    int raw;
    std::function<void(Readiness)> on_ready;
    bool is_active = true;
};

Instant now()
{
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return Instant{time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

WallTime wall_now()
{
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return WallTime{time.tv_sec * 1000 + time.tv_nsec / 1'000'000};
}

EventLoop::EventLoop(Fd epoll) : epoll_(std::move(epoll)) {}
EventLoop::EventLoop(EventLoop&&) noexcept = default;
EventLoop& EventLoop::operator=(EventLoop&&) noexcept = default;
EventLoop::~EventLoop() = default;

Result<EventLoop> EventLoop::create()
{
    Fd epoll = Fd::adopt_raw_fd(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open())
        return fail_errno(errno, "epoll_create1");
    return EventLoop(std::move(epoll));
}

Result<WatchId> EventLoop::watch(
    Fd const& fd, Interest interest, std::function<void(Readiness)> on_ready)
{
    WatchId const id = next_id_++;
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.raw(), EPOLL_CTL_ADD, fd.raw(), &event) != 0)
        return fail_errno(errno, "cannot watch a descriptor");
    watches_.emplace(id, std::make_shared<Watch>(fd.raw(), std::move(on_ready)));
    return id;
}

Result<> EventLoop::change(WatchId id, Interest interest)
{
    auto found = watches_.find(id);
    OSH_CHECK(found != watches_.end());
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.raw(), EPOLL_CTL_MOD, found->second->raw, &event) != 0)
        return fail_errno(errno, "cannot change the watch of a descriptor");
    return {};
}

void EventLoop::unwatch(WatchId id)
{
    auto found = watches_.find(id);
    if (found == watches_.end())
        return;
    found->second->is_active = false;
    ::epoll_ctl(epoll_.raw(), EPOLL_CTL_DEL, found->second->raw, nullptr);
    watches_.erase(found);
}

Result<> EventLoop::run_once(Instant deadline)
{
    std::array<epoll_event, kBatch> events;
    int const count =
        ::epoll_wait(epoll_.raw(), events.data(), kBatch, milliseconds_until(deadline));
    if (count < 0 && errno != EINTR)
        return fail_errno(errno, "epoll_wait");
    for (int i = 0; i < count; ++i) {
        auto found = watches_.find(events[i].data.u64);
        if (found == watches_.end())
            continue;                     // removed by an earlier callback of this batch
        auto const watch = found->second; // keeps the callback alive while it runs
        std::uint32_t const bits = events[i].events;
        watch->on_ready({(bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
            (bits & EPOLLOUT) != 0, (bits & (EPOLLHUP | EPOLLERR)) != 0});
    }
    return {};
}

} // namespace osh::sys
