#pragma once
// The sandbox's only interface: a tun(4) with IFF_VNET_HDR, made by the launcher. Reads in bounded
// batches, writes one packet per call. No idea of what a packet says.

#include "launcher/sys/fd.h"
#include "netproxy/stack/stack.h"

#include <functional>

namespace osh::netproxy::shell
{

class TunDevice
{
public:
    explicit TunDevice(sys::Fd device) : device_(std::move(device)), buffer_(kPacket) {}

    // Fairness: after this much the other descriptors have their turn.
    static constexpr std::size_t kBatchPackets = 64, kBatchBytes = 1u << 20;
    static constexpr std::size_t kPacket = 65535 + 64; // a super-packet and its virtio-net header

    // While packets come one at a time it does not ask each time whether there is another one: what
    // is left makes the device readable again.
    Result<> read_batch(std::function<void(Bytes)> const& on_packet);
    // Writes what the stack has to say until it is silent or the device is full.
    Result<> write_all(stack::Stack& stack, Instant now);
    bool is_blocked() const { return !stashed_.empty(); }
    sys::Fd const& fd() const { return device_; }

private:
    // Batches of one packet in a row before the question is left out, and how often it is then.
    static constexpr unsigned kSingles = 4, kBlind = 8;

    bool is_probably_last(std::size_t packets);
    Result<> write_one(stack::PacketOut const& packet);
    Result<> write_stashed();

    sys::Fd device_;
    std::vector<std::byte> buffer_;
    unsigned singles_ = 0; // batches of one packet, since there was a larger one
    // The packet that met a full device: copied, because its payload views end with this turn.
    std::vector<std::byte> stashed_;
};

} // namespace osh::netproxy::shell
