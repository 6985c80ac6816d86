#include "netproxy/stack/ready_queue.h"

namespace osh::netproxy::stack
{

QueueClass ReadyQueue::class_of(Flow const& flow)
{
    if (flow.state == TcpState::TimeWait)
        return QueueClass::Late;
    return flow.to_send.size() <= kSmallWork ? QueueClass::Small : QueueClass::Bulk;
}

ReadyQueue::List& ReadyQueue::list_of(QueueClass queued)
{
    if (queued == QueueClass::Late)
        return late_;
    return queued == QueueClass::Small ? small_ : bulk_;
}

void ReadyQueue::add(Flow& flow, FlowTable& flows)
{
    auto const wanted = class_of(flow);
    if (flow.queued == wanted || flow.queued == QueueClass::Bulk)
        return;
    remove(flow, flows); // it was other work until now
    flow.queued = wanted;
    List& list = list_of(flow.queued);
    flow.queue_next = kNoSlot;
    flow.queue_previous = list.last;
    if (list.last != kNoSlot)
        flows.at(list.last).queue_next = flow.slot;
    else
        list.first = flow.slot;
    list.last = flow.slot;
}

void ReadyQueue::remove(Flow& flow, FlowTable& flows)
{
    if (flow.queued == QueueClass::None)
        return;
    List& list = list_of(flow.queued);
    if (flow.queue_previous != kNoSlot)
        flows.at(flow.queue_previous).queue_next = flow.queue_next;
    else
        list.first = flow.queue_next;
    if (flow.queue_next != kNoSlot)
        flows.at(flow.queue_next).queue_previous = flow.queue_previous;
    else
        list.last = flow.queue_previous;
    flow.queued = QueueClass::None;
}

Flow* ReadyQueue::take(FlowTable& flows)
{
    bool const is_bulk_turn = small_in_a_row_ >= kSmallTurns && bulk_.first != kNoSlot;
    Slot slot = is_bulk_turn ? bulk_.first : small_.first;
    for (List const* list : {&late_, &bulk_})
        slot = slot == kNoSlot ? list->first : slot;
    if (slot == kNoSlot)
        return nullptr;
    Flow& flow = flows.at(slot);
    small_in_a_row_ = flow.queued == QueueClass::Bulk ? 0 : small_in_a_row_ + 1;
    remove(flow, flows);
    return &flow;
}

} // namespace osh::netproxy::stack
