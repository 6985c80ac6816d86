#pragma once
// One connection from inside to a socket of the host: bytes both ways with bounded buffers, each
// end of stream carried over by itself; through the ssh-agent filter where there is one.
// Descriptors are not passed: recvmsg(2) is not used.

#include "launcher/supervise/core/ssh_agent_filter.h"
#include "launcher/sys/event_loop.h"

#include <optional>
#include <string>

namespace osh::launcher
{

class Passage
{
public:
    Passage(sys::EventLoop& loop, sys::Fd inside, sys::Fd outside,
        std::optional<SshAgentFilter> filter);
    ~Passage();
    Passage(Passage const&) = delete;
    Passage& operator=(Passage const&) = delete;

    bool is_over() const;
    SshAgentFilter::Counts take_counts();

private:
    struct End {
        sys::Fd fd;
        std::optional<sys::WatchId> watch;
        sys::Interest armed = sys::Interest::None;
        std::string unsent;
        bool has_ended = false; // says no more
        bool is_gone = false;   // nor does it hear
        bool is_shut = false;   // was told that the other one has ended
    };

    void on_ready(End& end, End& other, sys::Readiness readiness);
    void read_from(End& end);
    Result<> carry(End& from, Bytes bytes);
    void flush(End& end, End const& other);
    void arm(End& end, End& other);
    sys::Interest wanted_from(End const& end, End const& other) const;

    sys::EventLoop& loop_;
    End inside_, outside_;
    std::optional<SshAgentFilter> filter_;
    bool is_broken_ = false;
};

} // namespace osh::launcher
