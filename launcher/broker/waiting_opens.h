#pragma once
// Opens of FIFOs that wait for the other end, fifo(7). The broker must not wait with them: a child
// of ours opens the FIFO as the caller would, waits in the kernel, and answers the call itself. What
// the kernel tells nobody is that the caller has a signal to take: that is looked at now and then,
// only while such an open waits, and the open ends as signal(7) says.

#include "launcher/broker/caller.h"
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
    // Lets go of calls that are over, and ends those whose thread has a signal to take.
    void look(sys::Fd const& proc);

private:
    struct Waiting {
        std::uint64_t id = 0;
        std::int32_t thread = 0;
        sys::Fd helper; // pidfd
    };
    bool is_over(Waiting const& waiting, sys::Fd const& proc) const;
    static constexpr std::size_t kMost = 64; // processes of ours
    sys::Fd const& listener_;
    sys::Fd& reports_;
    std::vector<Waiting> waiting_;
};

} // namespace osh::launcher
