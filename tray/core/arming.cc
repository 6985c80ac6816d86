#include "tray/core/arming.h"

namespace osh::tray
{

void Arming::changed(Instant now)
{
    armed_from_ = now + (is_habit(now) ? delays_.after_habit : delays_.after_change);
}

void Arming::allowed(Instant now)
{
    allows_.push_back(now);
    if (allows_.size() > kHabitAllows)
        allows_.pop_front();
}

bool Arming::is_habit(Instant now) const
{
    return allows_.size() == kHabitAllows && now - allows_.front() <= kHabitTime;
}

} // namespace osh::tray
