#pragma once
// The two channels of this process: to the supervisor (orders, questions, journal lines) and to
// init (who owns this flow). Messages are whole or the session ends: fail closed (S15).

#include "launcher/sys/channel.h"
#include "launcher/sys/event_loop.h"
#include "policy/messages/netproxy.h"
#include "policy/messages/owner.h"

#include <deque>

namespace osh::netproxy::shell
{

inline constexpr std::size_t kMaxQueuedLines = 4096;   // journal lines that wait for the supervisor
inline constexpr std::size_t kMaxQueuedWords = 16'384; // everything else; beyond it: end
inline constexpr std::size_t kMaxQueuedLineBytes = 4u << 20, kMaxQueuedBytes = 16u << 20; // of them

// A non-blocking channel with a queue in front of it.
class Link
{
public:
    explicit Link(sys::Fd channel) : channel_(std::move(channel)) {}

    Result<> start(sys::EventLoop& loop, std::function<void()> on_readable);
    Result<> send(std::vector<std::byte> message);
    Result<> flush();
    Result<sys::Received> receive(std::size_t limit)
    {
        return sys::receive_message(channel_, limit);
    }
    std::size_t queued() const { return queue_.size(); }
    std::size_t queued_bytes() const { return bytes_; }

private:
    sys::Fd channel_;
    sys::EventLoop* loop_ = nullptr;
    sys::WatchId watch_ = 0;
    std::deque<std::vector<std::byte>> queue_;
    std::size_t bytes_ = 0;       // in it
    bool waits_for_room_ = false; // watched for writing, too
};

struct FromSupervisor {
    policy::ToNetproxy message;
    std::vector<sys::Fd> descriptors;
};

// Errc::Busy: nothing there. Errc::Closed: the supervisor is gone. The buffer, which may have held
// a secret, is wiped.
Result<FromSupervisor> receive_order(Link& link);
Result<> tell(Link& link, policy::FromNetproxy const& message);

Result<policy::OwnerAnswer> receive_owner(Link& link);
Result<> ask_owner(Link& link, policy::OwnerQuery const& query);

} // namespace osh::netproxy::shell
