#include "launcher/supervise/core/listener_table.h"

#include <algorithm>

namespace osh::launcher
{

void ListenerTable::stirred(Instant now)
{
    if (look_at_.is_never())
        look_at_ = std::max(now + kLookAfter, looked_ + kLookPause);
}

bool ListenerTable::take_due(Instant now)
{
    if (now < look_at_)
        return false;
    looked_ = now;
    look_at_ = Instant::never();
    return true;
}

std::vector<InsideListener> ListenerTable::update(std::vector<InsideListener> listeners)
{
    std::vector<InsideListener> appeared;
    for (auto const& one : listeners) {
        bool const was_here = std::ranges::any_of(listeners_, [&](auto const& earlier) {
            return earlier.port == one.port && earlier.address == one.address;
        });
        if (was_here || noticed_.size() >= kMaxNoticed)
            continue;
        if (noticed_.emplace(one.address, one.port).second)
            appeared.push_back(one);
    }
    listeners_ = std::move(listeners);
    return appeared;
}

} // namespace osh::launcher
