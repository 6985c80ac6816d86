#pragma once
// One TCP connection as we, the passive side, see it: the transmission control block of RFC 9293
// section 3.3.1. Data only; the tcp_*.cc files are its verbs.

#include "netproxy/stack/ring.h"
#include "netproxy/stack/sequence.h"
#include "netproxy/stack/stack.h"

#include <array>
#include <memory>

namespace osh::netproxy::stack
{

// The states of RFC 9293 section 3.3.2 that a passive opener can be in. Those after ESTABLISHED are
// Open plus who has finished: FIN-WAIT-1 is fin_sent, FIN-WAIT-2 fin_acked, CLOSE-WAIT
// peer_finished, CLOSING fin_sent and peer_finished, LAST-ACK the same after CLOSE-WAIT.
enum class TcpState : std::uint8_t {
    Free,
    Held,        // a SYN came in; nobody has decided
    SynReceived, // accepted; SYN-ACK is on its way
    Open,
    TimeWait, // only answers late segments; its owner has been told that it is closed
};

struct FlowKey {
    IpAddress destination;
    std::uint16_t source_port = 0, destination_port = 0;
    friend bool operator==(FlowKey const&, FlowKey const&) = default;
};

struct Hole { // bytes that arrived behind a gap: [begin, end)
    Sequence begin = 0, end = 0;
};

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = UINT32_MAX;

enum class QueueClass : std::uint8_t { None, Small, Late, Bulk };

struct Flow {
    static constexpr std::size_t kMostHoles = 8; // islands of out-of-order bytes per flow

    FlowId id = 0;
    FlowKey key;
    Slot slot = kNoSlot, next_free = kNoSlot;
    TcpState state = TcpState::Free;

    bool is_service : 1 = false;    // DNS over TCP: the stack itself is the application
    bool ack_due : 1 = false;       // an acknowledgement or window update must go out
    bool ack_waits : 1 = false;     // for the answer, until the timer
    bool syn_ack_due : 1 = false;   // (again)
    bool probe_due : 1 = false;     // zero-window probe or keep-alive
    bool resend_head : 1 = false;   // fast retransmit
    bool is_recovering : 1 = false; // RFC 6582
    bool fin_wanted : 1 = false;    // finish() was called
    bool fin_sent : 1 = false;
    bool fin_acked : 1 = false;
    bool peer_fin_known : 1 = false; // its place is peer_fin
    bool peer_finished : 1 = false;  // all before it has arrived
    bool is_space_awaited : 1 = false;
    bool expects_more : 1 = false; // to send, at once
    bool is_timing : 1 = false;    // timed_sequence is being measured
    bool may_sack : 1 = false;
    bool scales_window : 1 = false; // both sides offered it
    bool is_answer_due : 1 = false; // the timer is for a retransmission or a probe
    bool is_starved : 1 = false;    // the pool had nothing for it

    // Send side
    Sequence send_unacked = 0, send_next = 0, send_highest = 0;
    Sequence first_sequence = 0;                  // of our SYN
    Sequence window_sequence = 0, window_ack = 0; // SND.WL1, SND.WL2
    std::uint32_t send_window = 0, largest_window = 0;
    std::uint32_t congestion_window = 0, slow_start_limit = 0;
    Sequence recovery_point = 0;
    std::uint16_t segment_size = 536;
    std::uint8_t send_shift = 0, receive_shift = 0;
    std::uint8_t duplicate_acks = 0;
    std::uint8_t retries = 0;    // doublings of the timer
    std::uint8_t unanswered = 0; // probes since the peer was heard last

    // Receive side
    Sequence receive_next = 0, receive_edge = 0; // the right edge that was advertised
    Sequence peer_fin = 0;
    std::uint8_t hole_count = 0;
    std::unique_ptr<std::array<Hole, kMostHoles>> holes; // only while there is a gap

    // Timers
    Instant deadline = Instant::never();        // what happens then depends on the state
    Instant queued_deadline = Instant::never(); // the earliest entry in the heap
    Instant timed_at{}, last_heard{};
    Sequence timed_sequence = 0;
    Duration smoothed_rtt{0}, rtt_variation{0}, retransmit_after = 1s;

    std::int64_t sender_tick = -1;   // when it was counted as one that sends
    std::uint32_t readable_told = 0; // the batch of events that already says it
    Slot queue_next = kNoSlot, queue_previous = kNoSlot;
    QueueClass queued = QueueClass::None;

    Ring received, to_send;

    std::uint32_t in_flight() const { return send_next - send_unacked; }
    bool is_idle_sender() const { return send_highest == send_unacked; }
};

} // namespace osh::netproxy::stack
