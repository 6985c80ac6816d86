#pragma once
// When which flow wants attention. A heap with lazy entries: moving a flow's deadline later costs
// nothing, which is what each acknowledgement does.

#include "netproxy/stack/flow_table.h"

#include <vector>

namespace osh::netproxy::stack
{

class Timers
{
public:
    void arm(Flow& flow, Instant deadline);
    static void disarm(Flow& flow) { flow.deadline = Instant::never(); }
    // The next flow whose deadline has come, disarmed; null if none.
    Flow* take_due(FlowTable& flows, Instant now);
    // Forgets entries that mean nothing any more. May be early, for a deadline that was moved.
    Instant next(FlowTable& flows);

private:
    struct Entry {
        Instant when;
        FlowId flow;
    };
    static bool is_later(Entry const& a, Entry const& b) { return a.when > b.when; }
    void push(Flow& flow);
    void pop();
    // Entries of flows that have ended, some minutes before their time: at thousands of connections
    // a second they would be most of the heap.
    void compact(FlowTable& flows);

    std::vector<Entry> heap_;
};

} // namespace osh::netproxy::stack
