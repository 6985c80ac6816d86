#include "netproxy/stack/timers.h"

#include <algorithm>

namespace osh::netproxy::stack
{

void Timers::push(Flow& flow)
{
    flow.queued_deadline = flow.deadline;
    heap_.push_back({flow.deadline, flow.id});
    std::ranges::push_heap(heap_, is_later);
}

void Timers::pop()
{
    std::ranges::pop_heap(heap_, is_later);
    heap_.pop_back();
}

void Timers::arm(Flow& flow, Instant deadline)
{
    flow.deadline = deadline;
    if (deadline < flow.queued_deadline)
        push(flow);
}

Flow* Timers::take_due(FlowTable& flows, Instant now)
{
    while (!heap_.empty() && heap_.front().when <= now) {
        Entry const entry = heap_.front();
        pop();
        Flow* const flow = flows.find(entry.flow);
        if (!flow || flow->queued_deadline != entry.when)
            continue;
        flow->queued_deadline = Instant::never();
        if (flow->deadline <= now) {
            flow->deadline = Instant::never();
            return flow;
        }
        if (!flow->deadline.is_never())
            push(*flow);
    }
    return nullptr;
}

void Timers::compact(FlowTable& flows)
{
    constexpr std::size_t kSmallHeap = 1024;
    if (heap_.size() < kSmallHeap + 4 * std::size_t{flows.size()})
        return;
    std::erase_if(heap_, [&](Entry const& entry) {
        Flow const* const flow = flows.find(entry.flow);
        return !flow || flow->queued_deadline != entry.when;
    });
    std::ranges::make_heap(heap_, is_later);
}

Instant Timers::next(FlowTable& flows)
{
    compact(flows);
    while (!heap_.empty()) {
        Flow* const flow = flows.find(heap_.front().flow);
        bool const is_current = flow && flow->queued_deadline == heap_.front().when;
        if (is_current && !flow->deadline.is_never())
            return heap_.front().when;
        if (is_current)
            flow->queued_deadline = Instant::never();
        pop();
    }
    return Instant::never();
}

} // namespace osh::netproxy::stack
