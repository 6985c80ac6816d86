#pragma once
// TCP as its passive side (RFC 9293), for the one peer at the other end of a tun: the sandbox's
// kernel. What the standards leave to an implementation is chosen for that link: no timestamps
// (RFC 7323 section 5: nothing old can come back over a wire of zero length, and their 12 bytes
// per segment buy nothing), no Nagle, acknowledgements once per drained batch, urgent data is
// plain data (RFC 6093).

#include "netproxy/stack/world.h"
#include "netproxy/wire/tcp.h"

namespace osh::netproxy::stack
{

// The longest pause between two SYNs of one connect(2) on Linux is 64 s (tcp_syn_retries, doubling
// from 1 s): a silence beyond it means that nobody waits any more.
inline constexpr Duration kHeldSilence = 75s;

enum class Reason : std::uint8_t { Finished, Reset };

// ---- arrivals
void tcp_arrives(World& world, FlowKey const& key, wire::TcpSegment const& segment, Instant now);
void tcp_acknowledged(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now);
void tcp_take_data(World& world, Flow& flow, wire::TcpSegment const& segment, Instant now);

// ---- opening and ending
void tcp_open(World& world, FlowKey const& key, wire::TcpSegment const& syn, Instant now);
void tcp_accept(World& world, Flow& flow, Instant now);
void tcp_refuse(World& world, Flow& flow);
void tcp_refuse(World& world, Flow& flow, Unreachable why);
void tcp_reset(World& world, Flow& flow);
void tcp_remove(World& world, Flow& flow, Reason reason); // tells TcpClosed
void tcp_end_if_done(World& world, Flow& flow, Instant now);
// RFC 9293 section 3.10.7.1: the answer to a segment that belongs to no flow.
void tcp_reset_stranger(World& world, FlowKey const& key, wire::TcpSegment const& segment);

// ---- time
void tcp_deadline(World& world, Flow& flow, Instant now);
void tcp_restart_timer(World& world, Flow& flow, Instant now);
void tcp_measure(Flow& flow, Duration round_trip); // RFC 6298 section 2

// ---- departures
bool tcp_emit(World& world, Flow& flow, PacketOut& out, Instant now);
std::uint32_t tcp_receive_room(World const& world, Flow const& flow);
// What one flow may hold for the agent. Beyond a quarter of the memory each keeps a single chunk:
// hundreds of downloads then stay small, and in the processor's cache.
inline std::uint32_t tcp_send_limit(World const& world)
{
    bool const is_crowded = world.pool.used() > world.limits.total_buffer_bytes / 4;
    return is_crowded ? std::min(world.limits.send_ring, ChunkPool::kLarge)
                      : world.limits.send_ring;
}
void tcp_consume(World& world, Flow& flow, std::size_t count);
void tcp_expect_answer(World& world, Flow& flow);
void tcp_release(World& world); // the pool has room again: tell starved senders

} // namespace osh::netproxy::stack
