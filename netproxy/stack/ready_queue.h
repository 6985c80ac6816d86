#pragma once
// Flows that have something to send, small work before bulk, each class in turn (fair queueing:
// performance design, the 1602 µs trap of one queue).

#include "netproxy/stack/flow_table.h"

namespace osh::netproxy::stack
{

class ReadyQueue
{
public:
    void add(Flow& flow, FlowTable& flows);
    void remove(Flow& flow, FlowTable& flows);
    Flow* take(FlowTable& flows); // removed from the queue; null when nothing is ready

private:
    // Bytes waiting that still count as small: a request or an answer, not a stream.
    static constexpr std::size_t kSmallWork = 8 * 1024;
    // Small turns in a row before a bulk flow gets one, so that nobody starves.
    static constexpr unsigned kSmallTurns = 32;

    struct List {
        Slot first = kNoSlot, last = kNoSlot;
    };
    static QueueClass class_of(Flow const& flow);
    List& list_of(QueueClass queued);

    List small_, bulk_;
    List late_; // the last word to a connection that is over: nobody waits for it
    unsigned small_in_a_row_ = 0;
};

} // namespace osh::netproxy::stack
