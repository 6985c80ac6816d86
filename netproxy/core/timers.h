#pragma once
// One deadline per flow, ordered, so that the loop sleeps exactly until the next one and never
// wakes for nothing.

#include "policy/base/time.h"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <variant>

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
        if (spare_.owner.empty()) {
            by_owner_.emplace(owner, deadline);
            ordered_.try_emplace({deadline, owner});
            return;
        }
        spare_.owner.key() = owner;
        spare_.owner.mapped() = deadline;
        by_owner_.insert(std::move(spare_.owner));
        spare_.deadline.key() = {deadline, owner};
        ordered_.insert(std::move(spare_.deadline));
    }
    void clear(std::uint64_t owner)
    {
        auto const found = by_owner_.find(owner);
        if (found == by_owner_.end())
            return;
        spare_.deadline = ordered_.extract(Place{found->second, owner});
        spare_.owner = by_owner_.extract(found);
    }
    Instant of(std::uint64_t owner) const
    {
        auto const found = by_owner_.find(owner);
        return found == by_owner_.end() ? Instant::never() : found->second;
    }
    Instant next() const
    {
        return ordered_.empty() ? Instant::never() : ordered_.begin()->first.first;
    }
    // An owner whose deadline has passed, its timer removed; 0 when there is none.
    std::uint64_t take_due(Instant now)
    {
        if (ordered_.empty() || now < ordered_.begin()->first.first)
            return 0;
        auto const owner = ordered_.begin()->first.second;
        clear(owner);
        return owner;
    }

private:
    using Place = std::pair<Instant, std::uint64_t>;
    using Ordered = std::map<Place, std::monostate>; // a set whose nodes can be used again
    using ByOwner = std::unordered_map<std::uint64_t, Instant>;

    Ordered ordered_;
    ByOwner by_owner_;
    // Of the timer cleared last, for the next one: a request sets and clears several.
    struct {
        Ordered::node_type deadline;
        ByOwner::node_type owner;
    } spare_;
};

} // namespace osh::netproxy::core
