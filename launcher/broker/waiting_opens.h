#pragma once
// Opens of FIFOs that wait for the other end, fifo(7). The broker must not wait with them: it opens
// without blocking and asks again. A reader whose writer writes nothing and stays waits longer than
// natively: until the first byte or the end.

#include "launcher/sys/entry_calls.h"

#include <cstdint>
#include <vector>

namespace osh::launcher
{

struct WaitingOpen {
    std::uint64_t id = 0;
    sys::Fd place;  // O_PATH, of a writer
    sys::Fd reader; // open already
    std::uint64_t flags = 0;
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
    // False: too many.
    bool add(WaitingOpen open);
    bool is_empty() const { return open_.empty(); }
    // Those that became ready; `is_waiting` drops the calls that were interrupted.
    template<typename Question>
    std::vector<FinishedOpen> take_ready(Question is_waiting);

private:
    static bool is_ready(WaitingOpen& open, FinishedOpen& result);
    static constexpr std::size_t kMost = 64;
    std::vector<WaitingOpen> open_;
};

template<typename Question>
std::vector<FinishedOpen> WaitingOpens::take_ready(Question is_waiting)
{
    std::vector<FinishedOpen> ready;
    for (auto at = open_.begin(); at != open_.end();) {
        FinishedOpen result;
        bool const is_over = !is_waiting(at->id);
        if (!is_over && !is_ready(*at, result)) {
            ++at;
            continue;
        }
        if (!is_over)
            ready.push_back(std::move(result));
        at = open_.erase(at);
    }
    return ready;
}

} // namespace osh::launcher
