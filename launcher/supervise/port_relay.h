#pragma once
// One connection from the host's loopback to a listener inside: two sockets, bytes both ways,
// half-close both ways, a reset stays a reset. Reads from a side only what the other has taken, so
// that a slow reader stops the sender. Looks at no byte.

#include "launcher/sys/event_loop.h"

#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kRelayStep = 64 * 1024; // bytes at a time, and at most kept per way
inline constexpr int kRelayRounds = 4; // per turn of the loop; then others have theirs

struct RelayHooks {
    std::function<void()> refused; // the connection inside did not come about
    std::function<void()> over;    // both may destroy the relay: they are called last
};

class PortRelay
{
public:
    // `inside`: its connect(2) is under way. `scratch` is shared by all relays of one loop.
    PortRelay(sys::EventLoop& loop, sys::Fd host, sys::Fd inside, std::vector<std::byte>& scratch);
    ~PortRelay();
    PortRelay(PortRelay const&) = delete;
    PortRelay& operator=(PortRelay const&) = delete;

    Result<> start(RelayHooks hooks);
    sys::Fd take_host() { return std::move(host_.socket); } // after refused()
    void reset();                                           // both sides; over() is not called

private:
    struct Side {
        sys::Fd socket;
        sys::WatchId watch = 0;
        sys::Interest interest = sys::Interest::None;
        std::string unsent; // towards this side
        bool has_ended = false, is_shut = false;
    };
    void on_connected();
    void on_ready();
    bool carry(Side& from, Side& to); // false: broken
    static bool flush(Side& to);
    void rearm(Side& side, Side const& other);
    void finish();

    sys::EventLoop& loop_;
    Side host_, inside_;
    std::vector<std::byte>& scratch_;
    RelayHooks hooks_;
};

} // namespace osh::launcher
