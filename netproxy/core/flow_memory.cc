// What a flow holds beyond the rings of the stack, and what happens when all of them together reach
// the one bound (stack::Limits::total_buffer_bytes): nothing more is read for inspected flows, then
// idle connections end, the oldest first, and at last the flow that asks for more. Never does it
// grow.

#include "netproxy/core/core.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kHttp2SessionHolds = 64 * 1024; // nghttp2's tables and what waits to be sent
// Kept free of inspected reads, so that handshakes and small answers still find room.
constexpr std::uint64_t kReserve = 4u << 20;

template<typename T>
std::size_t held_by(std::unique_ptr<T> const& part)
{
    return part ? part->held() : 0;
}

std::size_t held_by(Upstream const& upstream)
{
    return held_by(upstream.tls) + upstream.inbox.held() + upstream.plain.held();
}

} // namespace

void Core::weigh(std::uint32_t& held, std::size_t now)
{
    auto const bytes = static_cast<std::uint32_t>(std::min<std::size_t>(now, UINT32_MAX));
    if (bytes > held)
        parts_.agent.hold_memory(bytes - held);
    else if (bytes < held)
        parts_.agent.free_memory(held - bytes);
    held = bytes;
}

void Core::weigh(Flow& flow)
{
    if (flow.phase == Phase::Gone)
        return weigh(flow.held, 0);
    auto const before = flow.held;
    auto const* talk = flow.talked();
    weigh(flow.held, held_by(flow.agent_tls) + held_by(flow.upstream)
                         + (talk != nullptr ? sizeof *talk + talk->agent_plain.held() : 0)
                         + (flow.request() != nullptr ? flow.request()->held() : 0)
                         + (flow.http != nullptr ? flow.http->held() : 0)
                         + (flow.http2 != nullptr ? kHttp2SessionHolds : 0));
    if (flow.held > before && parts_.agent.memory_left() == 0)
        make_room(flow);
}

void Core::weigh(Link& link)
{
    weigh(link.held, link.is_over ? 0 : kHttp2SessionHolds + held_by(link.upstream));
}

void Core::make_room(Flow& flow)
{
    if (close_idle_until(1, &flow))
        return;
    journal_.notice(
        "memory", flow.host + ": the connection was cut, all buffers together are full", at_.now);
    cut_agent(flow);
    if (flow.phase == Phase::Gone || flow.phase == Phase::Draining)
        weigh(flow.held, 0);
}

bool Core::close_idle_until(std::uint64_t left, Flow const* but)
{
    while (parts_.agent.memory_left() < left) {
        auto* const idle = oldest_idle(but);
        if (idle == nullptr)
            return false;
        journal_.notice("memory",
            idle->host + ": an idle connection was closed, all buffers together are full", at_.now);
        finish_agent(*idle);
    }
    return true;
}

// Between two requests for the longest time; nothing of it is lost but a connection that its client
// can make again.
Flow* Core::oldest_idle(Flow const* but)
{
    Flow* oldest = nullptr;
    auto since = Instant::never();
    for (auto const& [id, flow] : flows_) {
        bool const is_idle =
            flow->is_idle && flow->phase == Phase::Inspect && flow->carrier == nullptr;
        auto const deadline = timers_.of(id);
        if (!is_idle || flow.get() == but || deadline >= since)
            continue;
        oldest = flow.get();
        since = deadline;
    }
    return oldest;
}

bool Core::may_read_more(Upstream& upstream)
{
    if (upstream.inbox.held() > 0 || close_idle_until(kReserve, nullptr))
        return true;
    upstream.lacks_space = true;
    short_of_memory_.push_back(upstream.id);
    return false;
}

void Core::too_many_connections(Moment at)
{
    at_ = at;
    journal_.notice("connections",
        fmt::format("too many connections at once ({} are open): new ones get no answer until "
                    "some have ended",
            flows_.size()),
        at_.now);
}

// There is room again for those that had to stop reading.
void Core::read_on()
{
    if (short_of_memory_.empty() || parts_.agent.memory_left() < 2 * kReserve)
        return;
    for (auto const id : std::exchange(short_of_memory_, {})) {
        auto* const link = links_.find(id);
        auto* const flow = link == nullptr ? find_upstream(id) : nullptr;
        if (link == nullptr && flow == nullptr)
            continue;
        auto& upstream = link != nullptr ? link->upstream : flow->upstream;
        upstream.lacks_space = false;
        if (!std::exchange(upstream.attend_queued, true))
            commands_.push_back(Attend{id});
    }
}

} // namespace osh::netproxy::core
