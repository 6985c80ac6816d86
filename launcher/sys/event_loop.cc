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
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(watches_.size()));
        watches_.emplace_back();
    }
    std::uint32_t const place = free_.back();
    WatchId const id = WatchId{++last_serial_} << 32 | place;
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.raw(), EPOLL_CTL_ADD, fd.raw(), &event) != 0)
        return fail_errno(errno, "cannot watch a descriptor");
    free_.pop_back();
    watches_[place] = {std::move(on_ready), fd.raw(), last_serial_, true};
    return id;
}

EventLoop::Watch* EventLoop::find(WatchId id)
{
    auto const place = static_cast<std::uint32_t>(id);
    if (place >= watches_.size())
        return nullptr;
    Watch& watch = watches_[place];
    return watch.is_active && watch.serial == id >> 32 ? &watch : nullptr;
}

void EventLoop::set_free(std::uint32_t place)
{
    watches_[place] = {};
    free_.push_back(place);
}

Result<> EventLoop::change(WatchId id, Interest interest)
{
    Watch const* const found = find(id);
    OSH_CHECK(found != nullptr);
    epoll_event event{};
    event.events = epoll_bits(interest);
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.raw(), EPOLL_CTL_MOD, found->raw, &event) != 0)
        return fail_errno(errno, "cannot change the watch of a descriptor");
    return {};
}

void EventLoop::unwatch(WatchId id)
{
    Watch* const found = find(id);
    if (found == nullptr)
        return;
    ::epoll_ctl(epoll_.raw(), EPOLL_CTL_DEL, found->raw, nullptr);
    end(*found, id);
}

void EventLoop::unwatch_closing(WatchId id)
{
    if (Watch* const found = find(id))
        end(*found, id);
}

void EventLoop::end(Watch& watch, WatchId id)
{
    watch.is_active = false;
    auto const place = static_cast<std::uint32_t>(id);
    if (is_running_)
        ended_.push_back(place); // perhaps it is the one that runs
    else
        set_free(place);
}

Result<> EventLoop::run_once(Instant deadline)
{
    std::array<epoll_event, kBatch> events;
    int const count =
        ::epoll_wait(epoll_.raw(), events.data(), kBatch, milliseconds_until(deadline));
    if (count < 0 && errno != EINTR)
        return fail_errno(errno, "epoll_wait");
    is_running_ = true;
    for (int i = 0; i < count; ++i) {
        Watch* const watch = find(events[i].data.u64);
        if (watch == nullptr)
            continue; // removed by an earlier callback of this batch
        std::uint32_t const bits = events[i].events;
        watch->on_ready({(bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
            (bits & EPOLLOUT) != 0, (bits & (EPOLLHUP | EPOLLERR)) != 0, (bits & EPOLLRDHUP) != 0});
    }
    is_running_ = false;
    for (std::uint32_t const place : ended_)
        set_free(place);
    ended_.clear();
    return {};
}

} // namespace osh::sys
