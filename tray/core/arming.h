#pragma once
// When a decision button may be believed. A click that was meant for what stood there before, or a
// key of a sentence that someone is typing, is not an answer (approvals, rule of conduct 4;
// security design H18). Pure: time comes in.

#include "policy/base/time.h"

#include <deque>

namespace osh::tray
{

struct ArmingDelays {
    Duration after_change = 700ms; // the window appeared, its question changed or advanced
    Duration after_key = 400ms;    // someone is typing
    Duration after_habit = 3s;     // many allows in a row: look again
};

inline constexpr std::size_t kHabitAllows = 5;
inline constexpr Duration kHabitTime = 60s;

class Arming
{
public:
    explicit Arming(ArmingDelays delays = {}) : delays_(delays) {}

    void changed(Instant now);
    void key_pressed(Instant now) { quiet_from_ = now + delays_.after_key; }
    void allowed(Instant now);
    bool is_armed(Instant now) const { return now >= armed_from_ && now >= quiet_from_; }
    bool is_habit(Instant now) const; // the longer wait applies

private:
    ArmingDelays delays_;
    Instant armed_from_ = Instant::never(); // nothing was shown yet
    Instant quiet_from_;
    std::deque<Instant> allows_; // at most kHabitAllows
};

} // namespace osh::tray
