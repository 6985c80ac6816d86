#pragma once
// What listens inside, as last seen, and when to look again. Pure. There is no event for a new
// listener in Linux, and a session that idles must not wake up: so a look follows whatever else
// happened (output, a request, a client of the control socket), once, a moment later, and never
// more than once a second.

#include "launcher/init/words.h"
#include "policy/base/time.h"

#include <set>
#include <utility>

namespace osh::launcher
{

inline constexpr Duration kLookAfter = 200ms; // a server prints "listening" before or after it is
inline constexpr Duration kLookPause = 1s;
inline constexpr std::size_t kMaxNoticed = 512; // told to people in one session

class ListenerTable
{
public:
    void stirred(Instant now);
    // True when the time has come; the next look waits for the next stir.
    bool take_due(Instant now);
    Instant next_look() const { return look_at_; }

    // The new state; gives back what appeared and was never told before.
    std::vector<InsideListener> update(std::vector<InsideListener> listeners);
    std::vector<InsideListener> const& now() const { return listeners_; }

private:
    std::vector<InsideListener> listeners_;
    std::set<std::pair<std::string, std::uint16_t>> noticed_;
    Instant look_at_ = Instant::never();
    Instant looked_{INT64_MIN / 2};
};

} // namespace osh::launcher
