#pragma once
// Packets that belong to no flow: datagrams, ICMP, resets. They own their bytes and wait in one
// bounded queue.

#include "netproxy/stack/stack.h"

#include <cstdint>
#include <vector>

namespace osh::netproxy::stack
{

class Replies
{
public:
    // What waits at most; more is dropped, as any router does with a full queue.
    static constexpr std::size_t kMostPackets = 2048;
    static constexpr std::size_t kMostBytes = 4u << 20;

    struct Reply {
        PacketOut head; // its payload is set when it is taken
        std::vector<std::byte> payload;
    };

    // A fresh reply to fill; null when the queue is full. `payload_size` is what it will hold.
    Reply* add(std::size_t payload_size);
    // The payload stays valid until the next call.
    bool take(PacketOut& out);

private:
    // Larger buffers are not kept for reuse.
    static constexpr std::size_t kKeptCapacity = 2048;

    std::vector<Reply> ring_; // grows up to kMostPackets
    std::size_t first_ = 0, count_ = 0, bytes_ = 0;
    std::vector<std::byte> taken_;
};

} // namespace osh::netproxy::stack
