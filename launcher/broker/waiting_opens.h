#pragma once
// Opens of FIFOs that wait for the other end, fifo(7). The broker must not wait with them: a child
// of ours opens the FIFO as the caller would, waits in the kernel, and hands over what it opened.
// What the kernel tells nobody is that the caller has a signal to take: that is looked at now and
// then, only while such an open waits, and the open ends as signal(7) says.

#include "launcher/broker/caller.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/listener.h"

#include <cstdint>
#include <vector>

namespace osh::launcher
{

struct WaitingOpen {
    std::uint64_t id = 0;
    std::int32_t thread = 0;
    std::uint64_t flags = 0; // of open(2)
    sys::Fd place;           // the FIFO, by any descriptor
};

struct FinishedOpen {
    std::uint64_t id = 0;
    std::uint64_t flags = 0;
    sys::Fd file; // not open: the open failed
    int error = 0;
};

class WaitingOpens
{
public:
    // `reports` is closed in the child: that channel's end is the broker's own end.
    WaitingOpens(sys::Fd const& listener, sys::Fd& reports) : listener_(listener), reports_(reports)
    {
    }

    // 0 or errno: too many, no process.
    int add(WaitingOpen open);
    bool is_empty() const { return waiting_.empty(); }
    bool is_lost() const { return is_lost_; }                // an answer was not taken
    sys::Fd const& results() const { return results_.ours; } // readable: take_finished()
    std::vector<FinishedOpen> take_finished();
    // Lets go of calls that are over, and ends those whose thread has a signal to take.
    void look(sys::Fd const& proc);

private:
    struct Waiting {
        std::uint64_t id = 0, flags = 0;
        std::int32_t thread = 0;
        sys::Fd helper;         // pidfd
        bool has_ended = false; // seen once; its result may just be on its way
    };
    bool end_if_over(Waiting& waiting, sys::Fd const& proc);
    static constexpr std::size_t kMost = 64; // processes of ours
    sys::Fd const& listener_;
    sys::Fd& reports_;
    sys::ChannelPair results_; // of all children; made with the first one
    std::vector<Waiting> waiting_;
    bool is_lost_ = false;
};

} // namespace osh::launcher
