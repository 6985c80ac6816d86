#pragma once
// Sockets towards the world: dials addresses that the core has checked, moves bytes between sockets
// and the core's buffers. Decides nothing, with one exception that stands beside connect(2) on
// purpose: an address of a class that is never dialled, or of this machine's own interfaces as they
// are now, is refused here too (security design H10, H20; dial_guard.h).
//
// Several addresses are tried with a short stagger (RFC 8305 section 5), the first to answer wins.

#include "launcher/sys/event_loop.h"
#include "netproxy/core/core.h"
#include "netproxy/shell/dial_guard.h"

#include <deque>
#include <functional>
#include <unordered_map>

namespace osh::netproxy::shell
{

using core::UpstreamId;

// What fills reads of this size is bulk: it waits while anything smaller moves.
inline constexpr std::size_t kBulkRead = 16 * 1024;
inline constexpr std::size_t kBulkTurns = 8; // reads per turn of the loop, when nothing small moves
// With more than that in the queue each would be reported many times before its turn: not watched
// meanwhile.
inline constexpr std::size_t kPolledQueue = 16;
inline constexpr Duration kInteractive = 20ms; // after a small read somebody waits for the next
inline constexpr std::size_t kMostLeaving = 64;
inline constexpr Duration kLeave = 1ms;     // a close is put off no longer
inline constexpr Duration kStagger = 250ms; // RFC 8305 section 8
inline constexpr Duration kAttemptTimeout =
    20s; // of the last address; connect(2) alone waits 2 min

class Upstreams
{
public:
    // guard: borrowed.
    Upstreams(sys::EventLoop& loop, DialGuard& guard, core::Core& core,
        std::function<core::Moment()> moment)
        : loop_(loop), guard_(guard), core_(core), moment_(std::move(moment))
    {
    }
    ~Upstreams();
    Upstreams(Upstreams const&) = delete;
    Upstreams& operator=(Upstreams const&) = delete;

    void dial(core::Dial const& command);
    void attend(UpstreamId id);
    void close(core::CloseUpstream const& command);
    // What may wait until the agent's packets are out: changes of what is watched, and the close of
    // sockets that are done with (a FIN to the world takes as long as a small exchange). Closes
    // wait one turn more where somebody's connect() is about to be answered.
    enum class Urgent : std::uint8_t { No, Yes };
    void end_turn(Urgent connects);
    void handle_time();
    // Reads from some of those that have much to say; the others wait for their turn.
    void serve_bulk();
    Instant next_deadline() const;

private:
    struct Attempt {
        sys::Fd socket;
        sys::WatchId watch = 0;
    };
    struct Dialling {
        std::vector<IpAddress> rest; // next one last
        std::uint16_t port = 0;
        core::Reach reach = core::Reach::World;
        std::optional<core::Tunnel> tunnel;
        std::vector<Attempt> attempts;
        Instant next_step; // start another attempt, or give up when none is left
        int error = 0;     // of the attempt that failed last
    };
    struct Tunnelling {
        sys::Fd socket;
        sys::WatchId watch = 0;
        std::string request, reply, proxy; // what is unsent, what came, who it is
    };
    struct Connected {
        sys::Fd socket;
        sys::WatchId watch = 0;
        sys::Interest interest = sys::Interest::None; // None and a watch: not heard now
        bool may_write = true;                        // until a write was refused
        bool is_shut = false;                         // FIN sent
        bool has_ended = false;
        bool is_bulk = false;        // its last read was large
        bool waits_for_turn = false; // is in bulk_
        bool is_unsettled = false;   // is in unsettled_
    };

    void start_next(UpstreamId id);
    Result<> start_attempt(UpstreamId id, Dialling& dialling, IpAddress const& address);
    void on_attempt(UpstreamId id, sys::WatchId watch);
    void win(UpstreamId id, Attempt attempt);
    void connected(UpstreamId id, sys::Fd socket);
    // upstream_tunnel.cc
    void ask_for_tunnel(UpstreamId id, sys::Fd socket, core::Tunnel tunnel);
    void on_tunnel(UpstreamId id);
    void read_reply(UpstreamId id, Tunnelling& asked);
    void tunnel_failed(UpstreamId id, std::string const& why);
    void give_up(UpstreamId id);
    void on_ready(UpstreamId id, sys::Readiness ready);
    void read_from(UpstreamId id);
    bool is_bulk(UpstreamId id) const;
    void queue_bulk(UpstreamId id, Connected& connected);
    bool write_to(UpstreamId id, Connected& connected);
    void set_interest(Connected& connected, UpstreamId id);
    void over(UpstreamId id, core::Ending how);

    sys::EventLoop& loop_;
    DialGuard& guard_;
    core::Core& core_;
    std::function<core::Moment()> moment_;
    std::unordered_map<UpstreamId, Dialling> dialling_;
    std::unordered_map<UpstreamId, Tunnelling> tunnelling_;
    std::unordered_map<UpstreamId, Connected> connected_;
    std::vector<UpstreamId> unsettled_; // what they wait for may have changed
    std::vector<sys::Fd> leaving_;      // to be closed
    Instant leave_by_ = Instant::never();
    std::deque<UpstreamId> bulk_; // readable, each once; the next one first
    Instant interactive_until_{};
};

} // namespace osh::netproxy::shell
