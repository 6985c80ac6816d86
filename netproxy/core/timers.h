#pragma once
// One deadline per flow, ordered, so that the loop sleeps exactly until the next one and never
// wakes for nothing.

#include "policy/base/time.h"

#include <cstdint>
#include <set>
#include <unordered_map>

namespace osh::netproxy::core
{

class Timers
{
public:
    void set(std::uint64_t owner, Instant deadline)
    {
        clear(owner);
        if (deadline.is_never())
            return;
        by_owner_.emplace(owner, deadline);
        ordered_.emplace(deadline, owner);
    }
    void clear(std::uint64_t owner)
    {
        auto const found = by_owner_.find(owner);
        if (found == by_owner_.end())
            return;
        ordered_.erase({found->second, owner});
        by_owner_.erase(found);
    }
    Instant of(std::uint64_t owner) const
    {
        auto const found = by_owner_.find(owner);
        return found == by_owner_.end() ? Instant::never() : found->second;
    }
    Instant next() const { return ordered_.empty() ? Instant::never() : ordered_.begin()->first; }
    // An owner whose deadline has passed, its timer removed; 0 when there is none.
    std::uint64_t take_due(Instant now)
    {
        if (ordered_.empty() || now < ordered_.begin()->first)
            return 0;
        auto const owner = ordered_.begin()->second;
        clear(owner);
        return owner;
    }

private:
    std::set<std::pair<Instant, std::uint64_t>> ordered_;
    std::unordered_map<std::uint64_t, Instant> by_owner_;
};

} // namespace osh::netproxy::core
